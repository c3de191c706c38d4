from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from contracts.errors import ConfigurationError
from contracts.naming import RunKey
from masking.key_delivery import sealed
from masking.keys import MaskingKeys, hkdf_sha256

ROOT = bytes(range(32))
RUN = RunKey(env="staging", flow_run_id=UUID("0199b6a5-7c1e-7d2f-9a3b-9fead778eb2a"))
OTHER_RUN = RunKey(env="staging", flow_run_id=UUID("0199b6a5-7c1e-7d2f-9a3b-9fead778eb2b"))


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


@pytest.mark.parametrize("root", [b"", bytes(range(8)), bytes(range(15))])
def test_a_root_key_under_128_bits_is_refused_with_its_length(root: bytes) -> None:
    with pytest.raises(
        ConfigurationError, match=f"it has {len(root) * 8} bits, and a root key needs 128 bits"
    ):
        MaskingKeys(root=root)


@pytest.mark.parametrize("size", [16, 17, 20, 24, 32, 48, 64])
def test_a_random_root_key_of_128_bits_or_more_is_taken(size: int) -> None:
    for number in range(300):
        root = hashlib.shake_256(f"{size} {number}".encode()).digest(size)
        assert MaskingKeys.from_text(root.hex()).root == root


@pytest.mark.parametrize(
    "text",
    [
        "0" * 32,
        "f" * 64,
        "0123456789abcdef" * 2,
        "0123456789abcdef0123456789ABCDEF",
        "ab01" * 16,
        "1234567890" * 8,
    ],
)
def test_digits_that_repeat_are_no_root_key_however_many(text: str) -> None:
    with pytest.raises(ConfigurationError, match="isn't random") as caught:
        MaskingKeys.from_text(text)
    assert text[:6] not in str(caught.value)


@pytest.mark.parametrize("text", ["correcthorsebatterystaple123", "CORRECTHORSEBATTERYSTAPLE123"])
def test_a_passphrase_that_happens_to_be_base64_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match="isn't random") as caught:
        MaskingKeys.from_text(text)
    assert text[:7] not in repr(caught.value)


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


def test_a_run_has_keys_of_its_own_and_has_them_again() -> None:
    keys = MaskingKeys(root=ROOT)
    assert keys.of_run(RUN) == keys.of_run(RUN)
    assert len({each.sub_key("email") for each in (keys, keys.of_run(RUN), keys.of_run(OTHER_RUN))}) == 3


def test_without_the_root_no_runs_keys_follow_from_its_id_or_from_another_runs() -> None:
    ours, others = MaskingKeys(root=ROOT).of_run(RUN), MaskingKeys(root=bytes(range(1, 33))).of_run(RUN)
    assert ours != others
    assert ours.of_run(OTHER_RUN) != MaskingKeys(root=ROOT).of_run(OTHER_RUN)


def test_what_is_handed_to_a_server_holds_no_key_and_is_never_the_same_twice() -> None:
    settings = MaskingKeys(root=ROOT).session_settings("email")
    first, second = sealed(settings, "one seed"), sealed(settings, "another seed")
    assert first[0] == second[0] == list(settings)
    assert not set(first[1]) & set(settings.values())
    assert not set(first[1]) & set(second[1])
