from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from masking import application_email
from masking.application_email import masked_email
from masking.keys import MaskingKeys
from masking.maskers.masker import LETTERS

SUB_KEY = MaskingKeys(root=bytes(range(32))).sub_key("email")


def test_the_example_in_its_docstring_is_true() -> None:
    assert masked_email(bytes(32), "Somebody@Mail.example") == "OTWPc2xGPcqvKhUzlK@example.com"
    assert "'OTWPc2xGPcqvKhUzlK@example.com'" in str(application_email.__doc__)


def test_an_application_can_take_the_file_as_it_is() -> None:
    tree = ast.parse(Path(application_email.__file__).read_text(encoding="utf-8"))
    imported = {
        name.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names
    assert application_email.LETTERS == LETTERS


def test_addresses_that_differ_in_case_give_masks_that_differ_in_case() -> None:
    low, high = masked_email(SUB_KEY, "ann@mail.example"), masked_email(SUB_KEY, "Ann@mail.example")
    assert low == high.lower() != high


def test_a_longer_mask_begins_with_the_shorter_one() -> None:
    short = masked_email(SUB_KEY, "Ann@mail.example").partition("@")[0]
    assert masked_email(SUB_KEY, "Ann@mail.example", letters=24).startswith(short)


@pytest.mark.parametrize(
    ("sub_key", "letters"), [(b"k" * 31, 18), (bytes(64), 18), (SUB_KEY, 0), (SUB_KEY, 44)]
)
def test_a_wrong_key_or_length_is_refused_without_being_shown(sub_key: bytes, letters: int) -> None:
    with pytest.raises(ValueError, match=r"^a sub-key has 32 bytes$|^a mask has 1 to 43 letters$") as caught:
        masked_email(sub_key, "ann@mail.example", letters=letters)
    assert "ann" not in str(caught.value)


def test_a_text_that_postgresql_cannot_hold_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="no text of PostgreSQL's") as caught:
        masked_email(SUB_KEY, "ann\ud800@mail.example")
    assert caught.value.__suppress_context__
    assert "ann" not in str(caught.value)
