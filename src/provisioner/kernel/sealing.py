"""Secrets at rest and on the way: a key ring in a file, boxes bound to a row, and values that a storefront sealed.

At rest: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; good for 2^32 values a key, so rotate long before.
A sealed value is

    b"PV" | version (1 byte) | length of key id (1 byte) | key id | nonce (12 bytes) | ciphertext and tag

and the header and the row's name are its associated data: moved to another row, it does not open.
On the way: libsodium sealed boxes (X25519, XSalsa20-Poly1305), base64, made with the public key of the ring.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from nacl.exceptions import CryptoError
from nacl.public import PublicKey as BoxKey
from nacl.public import SealedBox

from provisioner.kernel import key_file
from provisioner.kernel.errors import KeyRingError
from provisioner.kernel.key_file import Key, Keys
from provisioner.kernel.secret import Secret

_MAGIC: Final = b"PV\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a storefront seals values with. `key` is the X25519 public key, 32 bytes in base64."""

    key_id: str
    key: str


class KeyRing:
    """The keys of one installation, by key id; one is active. Safe to share between threads.

    A key id that is unknown here is looked for in the file once more: another process may have rotated.
    """

    def __init__(self, path: Path, keys: Keys) -> None:
        self._path = path
        self._keys = keys

    @classmethod
    def create(cls, path: Path) -> "KeyRing":
        """A new ring with one key, in a new file of mode 0600. Raises KeyRingError when the file is there already."""
        keys = Keys.first()
        key_file.create(path, keys)
        return cls(path, keys)

    @classmethod
    def load(cls, path: Path) -> "KeyRing":
        """The ring in this file. Raises KeyRingError when it is missing, broken, or readable by others."""
        return cls(path, key_file.read(path))

    def rotate(self) -> str:
        """Add a key, make it active, save, and return its id. Values sealed before still open. Raises KeyRingError."""
        self._keys = key_file.update(self._path, Keys.with_another)
        return self._keys.active

    @property
    def active_id(self) -> str:
        """The id of the key that seals from now on."""
        return self._keys.active

    @property
    def key_ids(self) -> tuple[str, ...]:
        """All key ids, oldest first."""
        return tuple(self._keys.by_id)

    def public_key(self) -> PublicKey:
        """The public half of the active key, to be given to storefronts."""
        key = self.active_key()
        return PublicKey(key.key_id, base64.b64encode(bytes(key.box_key.public_key)).decode())

    def active_key(self) -> Key:
        """The key that seals."""
        return self._keys.by_id[self._keys.active]

    def key(self, key_id: str) -> Key:
        """The key of this id. Raises KeyRingError when there is none, also not in the file."""
        if key_id not in self._keys.by_id:
            self._keys = key_file.read(self._path)
        try:
            return self._keys.by_id[key_id]
        except KeyError:
            raise KeyRingError(f"The key {_shown(key_id)} is not in the key ring {self._path}.") from None

    def unseal(self, key_id: str, box_base64: str) -> Secret:
        """The text that a storefront sealed with our public key.

        Raises KeyRingError as `unseal_bytes` does, and for content that is not UTF-8.
        """
        try:
            return Secret(self.unseal_bytes(key_id, box_base64).decode())
        except UnicodeError:
            raise KeyRingError("The sealed value is not UTF-8 text.") from None

    def unseal_bytes(self, key_id: str, box_base64: str) -> bytes:
        """The bytes that a storefront sealed with our public key, such as a file.

        Raises KeyRingError (which never holds the content) for an unknown key id, and a box that was changed or made
        with another key.
        """
        key = self.key(key_id)
        try:
            return SealedBox(key.box_key).decrypt(base64.b64decode(box_base64, validate=True))
        except (binascii.Error, ValueError):
            raise KeyRingError("The sealed value is not the base64 of a sealed box.") from None
        except (CryptoError, TypeError):
            raise KeyRingError(f"The sealed value does not open with the key {_shown(key_id)}.") from None


class SecretBox:
    """Seals values for the database, each bound to the row it belongs to, such as `quarantine/ID/body`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, plain: bytes, row: str) -> bytes:
        """The value, sealed with the active key for this row; 32 bytes and the key id longer than the plain one."""
        key = self._ring.active_key()
        header = _header(key.key_id)
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + key.cipher.encrypt(nonce, plain, _bound(header, row))

    def open(self, sealed: bytes, row: str) -> bytes:
        """The value as it was. Raises KeyRingError when its key is unknown, or it was changed or moved."""
        header, key_id, body = _parse(sealed)
        cipher = self._ring.key(key_id).cipher
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound(header, row))
        except InvalidTag:
            raise KeyRingError(
                f"The sealed value of {row} does not open: it was changed, or moved from another row."
            ) from None

    def needs_rotation(self, sealed: bytes) -> bool:
        """True when it was sealed with a key that is no longer the active one. Raises KeyRingError when unreadable."""
        return _parse(sealed)[1] != self._ring.active_id

    def reseal(self, sealed: bytes, row: str) -> bytes:
        """The same value, sealed with the active key. Raises KeyRingError as `open` does."""
        return self.seal(self.open(sealed, row), row)


def seal_to_public_key(public: PublicKey, content: str | bytes) -> str:
    """What a storefront does with a password or a file before it sends it: the sealed box, in base64."""
    try:
        box = SealedBox(BoxKey(base64.b64decode(public.key, validate=True)))
    except (binascii.Error, CryptoError, TypeError, ValueError):
        raise KeyRingError(f"The public key {_shown(public.key_id)} is not the base64 of 32 bytes.") from None
    return base64.b64encode(box.encrypt(content.encode() if isinstance(content, str) else content)).decode()


def _header(key_id: str) -> bytes:
    name = key_id.encode()
    return _MAGIC + bytes([len(name)]) + name


def _bound(header: bytes, row: str) -> bytes:
    return header + row.encode()


def _parse(sealed: bytes) -> tuple[bytes, str, bytes]:
    """The header, the key id in it, and what follows: nonce, ciphertext and tag."""
    start = len(_MAGIC) + 1
    if len(sealed) < start or not sealed.startswith(_MAGIC):
        raise KeyRingError("This is not a sealed value of a version that is known here.")
    end = start + sealed[start - 1]
    if len(sealed) < end + _NONCE_BYTES + _TAG_BYTES:
        raise KeyRingError("The sealed value is cut short.")
    return sealed[:end], sealed[start:end].decode("utf-8", "backslashreplace"), sealed[end:]


def _shown(key_id: str) -> str:
    """A key id that came from outside, safe to print."""
    return ascii(key_id[:40])
