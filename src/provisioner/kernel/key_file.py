"""The file of a key ring: JSON, mode 0600, written whole or not at all, one writer at a time.

    {"version": 1, "active": "key-…", "keys": {"key-…": {"data": base64 of 32 bytes, "box": base64 of 32 bytes}}}

`data` is an AES-256 key, `box` an X25519 private key. Keys stand in the order in which they were made.
"""

import base64
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.public import PrivateKey

from provisioner.kernel.errors import KeyRingError

_VERSION: Final = 1
_KEY_BYTES: Final = 32
_LONGEST_ID: Final = 64
_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One entry: `data_key` for values at rest, `box_key` for values that are sealed to us. Never printed."""

    key_id: str
    data_key: bytes
    box_key: PrivateKey
    cipher: AESGCM = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cipher", AESGCM(self.data_key))

    @classmethod
    def random(cls) -> "Key":
        """A new key with a new id."""
        return cls(f"key-{secrets.token_hex(4)}", AESGCM.generate_key(bit_length=256), PrivateKey.generate())


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What a file holds: keys by id, oldest first, and which of them is active."""

    active: str
    by_id: Mapping[str, Key]

    @classmethod
    def first(cls) -> "Keys":
        """A ring of one key."""
        key = Key.random()
        return cls(key.key_id, {key.key_id: key})

    def with_another(self) -> "Keys":
        """These keys and a new one, which is active."""
        key = Key.random()
        return Keys(key.key_id, {**self.by_id, key.key_id: key})


def read(path: Path) -> Keys:
    """The keys in a file. Raises KeyRingError when it is missing, broken, or open to other users."""
    with _clear_errors(path, "read"), path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _OPEN_TO_OTHERS:
            raise KeyRingError(f"The key ring {path} may be read by other users; run: chmod 600 {path}")
        text = file.read()
    try:
        return _decode(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise KeyRingError(f"The key ring {path} is damaged; put back its last copy.") from None


def create(path: Path, keys: Keys) -> None:
    """Write a new file. Raises KeyRingError when there is one: keys are never overwritten."""
    with _clear_errors(path, "created"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with _written_beside(path, keys) as temporary:
                path.hardlink_to(temporary)
        except FileExistsError:
            raise KeyRingError(f"The key ring {path} is there already; it is never overwritten.") from None


def update(path: Path, change: Callable[[Keys], Keys]) -> Keys:
    """Read, change and write the file while no other process does the same. Raises KeyRingError."""
    with _clear_errors(path, "written"), _locked(path.parent):
        keys = change(read(path))
        with _written_beside(path, keys) as temporary:
            temporary.replace(path)
        return keys


def _decode(content: Any) -> Keys:
    if content["version"] != _VERSION:
        raise ValueError(content["version"])
    by_id = {key_id: _decode_key(key_id, entry) for key_id, entry in content["keys"].items()}
    return Keys(by_id[content["active"]].key_id, by_id)


def _decode_key(key_id: str, entry: Mapping[str, str]) -> Key:
    data, box = (base64.b64decode(entry[name], validate=True) for name in ("data", "box"))
    if not 0 < len(key_id.encode()) <= _LONGEST_ID or len(data) != _KEY_BYTES or len(box) != _KEY_BYTES:
        raise ValueError(key_id)
    return Key(key_id, data, PrivateKey(box))


def _encode(keys: Keys) -> bytes:
    entries = {
        key.key_id: {"data": _base64(key.data_key), "box": _base64(bytes(key.box_key))} for key in keys.by_id.values()
    }
    return json.dumps({"version": _VERSION, "active": keys.active, "keys": entries}, indent=2).encode() + b"\n"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@contextmanager
def _clear_errors(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise KeyRingError(f"There is no key ring at {path}; make one with: provisioner keys create") from None
    except OSError as error:
        raise KeyRingError(f"The key ring {path} cannot be {verb}: {error.strerror}.") from None


@contextmanager
def _written_beside(path: Path, keys: Keys) -> Iterator[Path]:
    """A complete, synced file next to `path`, for the caller to put in its place."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_encode(keys))
            file.flush()
            os.fsync(file.fileno())
        yield temporary
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename or a link in the folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: the file itself is replaced, so a lock on it would be lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
