"""What the panel keeps beside its tables: the files of subscriptions, and the private keys of certificates.

Neither is shown in the state, the ledger or an answer. Without a folder the files live in a temporary one, made when it
is first needed, and the keys in memory.
"""

import shutil
import tempfile
from pathlib import Path

from adapters.sandbox.tls import write_private
from provisioner.kernel.secret import Secret


class Homes:
    """The home folder of each subscription's system user, by the subscription's number."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def made(self, webspace_id: int) -> Path:
        """The home of a subscription; its folder is there afterwards. Raises OSError."""
        home = self._made_root() / str(webspace_id)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return home

    def existing(self, webspace_id: int) -> Path | None:
        """The home of a subscription, if anybody has ever come in."""
        home = None if self._folder is None else self._folder / str(webspace_id)
        return home if home is not None and home.is_dir() else None

    def forget(self, webspace_id: int) -> None:
        """Remove the files of a subscription."""
        if (home := self.existing(webspace_id)) is not None:
            shutil.rmtree(home)

    def clear(self) -> None:
        """Remove everything."""
        if self._folder is not None and self._folder.is_dir():
            shutil.rmtree(self._folder)

    def close(self) -> None:
        """Remove what was temporary. Safe to call twice."""
        if self._temporary is not None:
            self._temporary.cleanup()

    def _made_root(self) -> Path:
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="vhosts-")
            self._folder = Path(self._temporary.name) / "vhosts"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder


class PrivateKeys:
    """The private keys of installed certificates, PEM, by the certificate's number; one file (0600) for each."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[int, Secret] = {}

    def keep(self, certificate_id: int, key: Secret) -> None:
        """Keep a key, in place of the one that was there. Raises OSError."""
        if self._folder is None:
            self._held[certificate_id] = key
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._folder / f"{certificate_id}.pem", key.reveal().encode())

    def get(self, certificate_id: int) -> Secret | None:
        """The key of a certificate."""
        if self._folder is None:
            return self._held.get(certificate_id)
        file = self._folder / f"{certificate_id}.pem"
        return Secret(file.read_text("ascii")) if file.exists() else None

    def forget(self, certificate_id: int) -> None:
        """Remove the key of a certificate."""
        self._held.pop(certificate_id, None)
        if self._folder is not None:
            (self._folder / f"{certificate_id}.pem").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every key."""
        self._held.clear()
        if self._folder is not None and self._folder.is_dir():
            shutil.rmtree(self._folder)
