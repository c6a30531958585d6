"""What surrounds a certificate authority: its folder, and the others that it was started with."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adapters.sandbox.tls import Identity, self_signed, write_private
from provisioner.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Folder:
    """Where an authority keeps what must be a file; one that was made for it lasts as long as it."""

    path: Path
    made: "tempfile.TemporaryDirectory[str] | None" = None

    @classmethod
    def given(cls, data_dir: Path | None) -> Self:
        """The folder that was given, made if it is missing, or a temporary one. Raises OSError."""
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
            return cls(data_dir)
        made = tempfile.TemporaryDirectory(prefix="sandbox-acme-")
        return cls(Path(made.name), made)

    @property
    def identity_file(self) -> Path:
        """The server's own certificate with its key."""
        return self.path / "identity.pem"

    def identity(self, clock: Clock) -> tuple[Identity, Path]:
        """The server's own certificate, and the file that it is verified with. Raises OSError."""
        trusted = self.path / "ca.pem"
        identity = self_signed(self.identity_file, clock)
        pem = self.identity_file.read_bytes()
        write_private(trusted, pem[pem.index(b"-----BEGIN CERTIFICATE") :])
        return identity, trusted

    def stop(self) -> None:
        """Remove what was made. Safe to call twice."""
        if self.made is not None:
            self.made.cleanup()


def account_settings(directory_url: str, ca_file: Path, world: Mapping[str, str]) -> dict[str, str]:
    """What a vendor account needs; its own looks at the DNS begin where the authority's do."""
    server = world.get("dns_server")
    looks = {} if server is None else {"resolvers": server, "nameserver_port": server.rpartition(":")[2]}
    return {"directory_url": directory_url, "terms_agreed": "yes", "ca_file": str(ca_file), **looks}
