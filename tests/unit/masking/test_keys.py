from __future__ import annotations

import pytest

from contracts.errors import ConfigurationError
from masking.keys import MaskingKeys, hkdf_sha256

ROOT = bytes(range(32))


def test_hkdf_gives_the_rfcs_own_example() -> None:
    # RFC 5869, A.1
    found = hkdf_sha256(
        b"\x0b" * 22,
        salt=bytes(range(13)),
        info=bytes(range(0xF0, 0xFA)),
        length=42,
    )
    assert found.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )


@pytest.mark.parametrize("root", [b"", bytes(range(15)), b"\0" * 32, b"abababababababababababab"])
def test_a_root_key_that_is_short_or_not_random_is_refused(root: bytes) -> None:
    with pytest.raises(ConfigurationError, match="128 bits"):
        MaskingKeys(root=root)


def test_hex_and_base64_give_the_same_keys() -> None:
    assert MaskingKeys.from_text(ROOT.hex() + "\n") == MaskingKeys.from_text(
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    )


def test_a_key_that_is_neither_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        MaskingKeys.from_text("not a key at all!")
    assert "not a key" not in str(caught.value)


def test_each_domain_has_a_key_of_its_own_and_none_is_the_root() -> None:
    keys = MaskingKeys(root=ROOT)
    assert len({keys.sub_key("email"), keys.sub_key("ssn"), keys.root}) == 3


def test_the_root_key_is_not_shown() -> None:
    assert ROOT.hex() not in repr(MaskingKeys(root=ROOT))
    assert repr(ROOT) not in repr(MaskingKeys(root=ROOT))
