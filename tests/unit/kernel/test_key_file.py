"""The file of a key ring is private, whole, and never overwritten."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from provisioner.kernel.errors import KeyRingError
from provisioner.kernel.sealing import KeyRing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "keys.json"


def test_a_new_ring_is_readable_by_its_owner_alone(path: Path) -> None:
    KeyRing.create(path)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_nothing_but_the_ring_is_left_in_its_folder(path: Path) -> None:
    KeyRing.create(path).rotate()
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


def test_a_loaded_ring_is_the_one_that_was_created(path: Path) -> None:
    created = KeyRing.create(path)
    assert KeyRing.load(path).public_key() == created.public_key()


def test_a_ring_that_is_there_is_never_overwritten(path: Path) -> None:
    KeyRing.create(path)
    before = path.read_bytes()
    with pytest.raises(KeyRingError, match=r"is there already; it is never overwritten\.$"):
        KeyRing.create(path)
    assert path.read_bytes() == before


def test_rotation_adds_a_key_makes_it_active_and_keeps_the_old_ones(path: Path) -> None:
    ring = KeyRing.create(path)
    first = ring.active_id
    second = ring.rotate()
    assert (KeyRing.load(path).key_ids, KeyRing.load(path).active_id) == ((first, second), second)


def test_a_rotated_ring_stays_readable_by_its_owner_alone(path: Path) -> None:
    KeyRing.create(path).rotate()
    assert path.stat().st_mode & 0o777 == 0o600


def test_rotations_at_the_same_time_lose_no_key(path: Path) -> None:
    KeyRing.create(path)
    rings = [KeyRing.load(path) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(KeyRing.rotate, rings))
    assert set(added) <= set(KeyRing.load(path).key_ids)
    assert len(set(added)) == 8


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_ring_that_is_open_to_others_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    KeyRing.create(path)
    path.chmod(mode)
    with pytest.raises(KeyRingError, match=f"may be read by other users; run: chmod 600 {path}$"):
        KeyRing.load(path)


def test_a_missing_ring_is_refused_with_the_remedy(path: Path) -> None:
    with pytest.raises(KeyRingError, match=r"There is no key ring at .*; make one with: provisioner keys create$"):
        KeyRing.load(path)


def test_a_folder_is_no_ring(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="cannot be read: Is a directory"):
        KeyRing.load(tmp_path)


def test_a_ring_that_cannot_be_created_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyRingError, match="cannot be created: "):
        KeyRing.create(tmp_path / "file" / "keys.json")


def _drop_active(ring: dict[str, Any]) -> None:
    ring["active"] = "key-0"


def _other_version(ring: dict[str, Any]) -> None:
    ring["version"] = 2


def _short_key(ring: dict[str, Any]) -> None:
    ring["keys"][ring["active"]]["data"] = "AAAA"


def _no_base64(ring: dict[str, Any]) -> None:
    ring["keys"][ring["active"]]["box"] = "!"


def _keys_as_list(ring: dict[str, Any]) -> None:
    ring["keys"] = list(ring["keys"])


@pytest.mark.parametrize("damage", [_drop_active, _other_version, _short_key, _no_base64, _keys_as_list, dict.clear])
def test_a_damaged_ring_is_refused_without_its_content(path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    KeyRing.create(path)
    ring = json.loads(path.read_text())
    damage(ring)
    path.write_text(json.dumps(ring))
    with pytest.raises(KeyRingError, match=f"^The key ring {path} is damaged; put back its last copy.$"):
        KeyRing.load(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b"{" * 5_000, b"[" * 100_000])
def test_a_file_that_is_no_ring_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    os.close(os.open(path, os.O_CREAT, 0o600))
    path.write_bytes(content)
    with pytest.raises(KeyRingError, match="is damaged"):
        KeyRing.load(path)


def test_a_ring_that_fails_to_be_written_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing.create(path)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyRingError, match="cannot be written: No space left on device"):
        ring.rotate()
    assert (path.read_bytes(), len(list(path.parent.iterdir()))) == (before, 1)


def test_printing_a_ring_shows_no_key(path: Path) -> None:
    ring = KeyRing.create(path)
    secret = json.loads(path.read_text())["keys"][ring.active_id]["data"]
    assert secret not in f"{ring!r} {ring.active_key()!r} {vars(ring)!r}"
