"""Values at rest and values that a storefront sealed open where they should, and nowhere else."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PublicKey as BoxKey
from nacl.public import SealedBox

from provisioner.kernel.errors import KeyRingError
from provisioner.kernel.sealing import KeyRing, PublicKey, SecretBox, seal_to_public_key

ROW = "quarantine/17/body"


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "keys.json")


@pytest.fixture
def box(ring: KeyRing) -> SecretBox:
    return SecretBox(ring)


@pytest.fixture(scope="module")
def shared_box(tmp_path_factory: pytest.TempPathFactory) -> SecretBox:
    return SecretBox(KeyRing.create(tmp_path_factory.mktemp("ring") / "keys.json"))


@given(plain=st.binary(), row=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_value_opens_in_the_row_it_was_sealed_for(shared_box: SecretBox, plain: bytes, row: str) -> None:
    assert shared_box.open(shared_box.seal(plain, row), row) == plain


@given(plain=st.binary(), rows=st.lists(st.text(alphabet="ab/1"), min_size=2, max_size=2, unique=True))
def test_a_value_does_not_open_in_another_row(shared_box: SecretBox, plain: bytes, rows: list[str]) -> None:
    sealed = shared_box.seal(plain, rows[0])
    with pytest.raises(KeyRingError, match="moved from another row"):
        shared_box.open(sealed, rows[1])


@given(data=st.data())
def test_a_value_with_any_bit_changed_does_not_open(shared_box: SecretBox, data: st.DataObject) -> None:
    sealed = bytearray(shared_box.seal(b"hunter2", ROW))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(KeyRingError):
        shared_box.open(bytes(sealed), ROW)


@given(noise=st.binary(max_size=80))
def test_bytes_that_were_never_sealed_do_not_open(shared_box: SecretBox, noise: bytes) -> None:
    with pytest.raises(KeyRingError):
        shared_box.open(noise, ROW)


@given(data=st.data())
def test_a_value_that_was_cut_short_does_not_open(shared_box: SecretBox, data: st.DataObject) -> None:
    sealed = shared_box.seal(b"hunter2", ROW)
    with pytest.raises(KeyRingError):
        shared_box.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], ROW)


@given(noise=st.binary(max_size=80))
def test_whether_noise_needs_rotation_is_refused_with_a_sentence(shared_box: SecretBox, noise: bytes) -> None:
    with pytest.raises(KeyRingError):
        shared_box.needs_rotation(noise)


def test_sealing_twice_gives_different_bytes(box: SecretBox) -> None:
    assert box.seal(b"hunter2", ROW) != box.seal(b"hunter2", ROW)


def test_the_plain_value_is_not_in_the_sealed_one(box: SecretBox) -> None:
    assert b"hunter2" not in box.seal(b"hunter2", ROW)


def test_a_value_of_another_ring_names_the_key_that_is_missing(box: SecretBox, tmp_path: Path) -> None:
    other = KeyRing.create(tmp_path / "other.json")
    with pytest.raises(KeyRingError, match=f"The key '{other.active_id}' is not in the key ring"):
        box.open(SecretBox(other).seal(b"hunter2", ROW), ROW)


def test_a_value_sealed_before_a_rotation_still_opens_and_wants_resealing(ring: KeyRing, box: SecretBox) -> None:
    sealed = box.seal(b"hunter2", ROW)
    ring.rotate()
    assert box.open(sealed, ROW) == b"hunter2"
    assert box.needs_rotation(sealed)


def test_a_resealed_value_is_the_same_under_the_active_key(ring: KeyRing, box: SecretBox) -> None:
    sealed = box.seal(b"hunter2", ROW)
    ring.rotate()
    resealed = box.reseal(sealed, ROW)
    assert not box.needs_rotation(resealed)
    assert box.open(resealed, ROW) == b"hunter2"


def test_a_value_sealed_after_another_process_rotated_opens_here(ring: KeyRing, box: SecretBox, tmp_path: Path) -> None:
    elsewhere = KeyRing.load(tmp_path / "keys.json")
    elsewhere.rotate()
    assert ring.active_id != elsewhere.active_id
    assert box.open(SecretBox(elsewhere).seal(b"hunter2", ROW), ROW) == b"hunter2"


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_a_storefront_sealed_is_unsealed(shared_ring: KeyRing, text: str) -> None:
    public = shared_ring.public_key()
    assert shared_ring.unseal(public.key_id, seal_to_public_key(public, text)).reveal() == text


@pytest.fixture(scope="module")
def shared_ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("ring") / "keys.json")


def test_a_box_for_a_key_that_is_no_longer_active_is_unsealed(ring: KeyRing) -> None:
    public = ring.public_key()
    sealed = seal_to_public_key(public, "hunter2")
    ring.rotate()
    assert ring.unseal(public.key_id, sealed).reveal() == "hunter2"


def test_a_box_for_an_unknown_key_is_refused_by_name(ring: KeyRing) -> None:
    with pytest.raises(KeyRingError, match="The key 'key-0' is not in the key ring"):
        ring.unseal("key-0", "AAAA")


def test_a_box_for_another_of_our_keys_does_not_open(ring: KeyRing) -> None:
    sealed = seal_to_public_key(ring.public_key(), "hunter2")
    with pytest.raises(KeyRingError, match="does not open with the key"):
        ring.unseal(ring.rotate(), sealed)


@pytest.mark.parametrize("broken", ["", "hunter2!", "aGVsbG8=", "ü", "aGVsbG8=" * 30, "AAAA" * 30])
def test_a_broken_box_is_refused_without_its_content(ring: KeyRing, broken: str) -> None:
    with pytest.raises(KeyRingError) as refusal:
        ring.unseal(ring.active_id, broken)
    assert str(refusal.value).startswith("The sealed value ")
    assert not broken or broken not in str(refusal.value)


def test_a_box_of_bytes_that_are_no_text_is_refused(ring: KeyRing) -> None:
    stranger = SealedBox(BoxKey(base64.b64decode(ring.public_key().key)))
    with pytest.raises(KeyRingError, match="UTF-8"):
        ring.unseal(ring.active_id, base64.b64encode(stranger.encrypt(b"\xff\xfe")).decode())


@pytest.mark.parametrize("key", ["", "AAAA", "not base64", "ü"])
def test_a_public_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(KeyRingError, match="The public key 'key-1' is not the base64 of 32 bytes"):
        seal_to_public_key(PublicKey("key-1", key), "hunter2")
