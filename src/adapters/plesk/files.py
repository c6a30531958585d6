"""Files of a site, over FTP with TLS (RFC 4217), by the login of its own system user.

The account's trust holds for this server too: the same authorities, or the same certificate as the panel's. Nothing is
said in clear: TLS begins before the login, and the data connections are protected as well.
"""

import ftplib  # the control connection is wrapped in TLS before anything else is sent
import io
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import socket
from typing import Final

import httpx

from adapters.plesk import errors, file_errors, redaction, tls
from adapters.plesk.file_errors import NOT_POSSIBLE, Stage
from adapters.plesk.packet import Command
from adapters.plesk.settings import Settings
from provisioner.kernel import crash
from provisioner.kernel.pinning import pinned_context
from provisioner.ports import exchange
from provisioner.ports.certificates import Site
from provisioner.ports.outcomes import Rejected

MOST_BYTES: Final = 64 * 1024
_ABSENT: Final = "550"


class _Connection(ftplib.FTP_TLS):
    """Data connections resume the TLS session of the control connection; ProFTPD demands it unless told otherwise.

    The library would wrap them without that once `prot_p` was called, so `protect` takes its place.
    """

    def protect(self) -> None:
        self.voidcmd("PBSZ 0")
        self.voidcmd("PROT P")

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket, int | None]:
        data, size = super().ntransfercmd(cmd, rest)
        control = self.sock
        session = control.session if isinstance(control, ssl.SSLSocket) else None
        return self.context.wrap_socket(data, server_hostname=self.host, session=session), size


class Folder:
    """The home of one system user, while a connection is open. Paths are relative to it, with slashes."""

    def __init__(self, connection: ftplib.FTP_TLS, secrets: tuple[str, ...]) -> None:
        self._connection = connection
        self._secrets = secrets

    def read(self, path: str) -> bytes | None:
        """What a file holds, or None when there is none. One that is larger than 64 KiB is not read to its end."""
        content = bytearray()

        def take(chunk: bytes) -> None:
            content.extend(chunk)
            if len(content) > MOST_BYTES:
                raise EOFError(f"the file {path} has more than {MOST_BYTES} bytes")

        with file_errors.told(Stage.LOOK, self._secrets):
            refused = self._refusal("RETR", path, lambda: self._retrieve(path, take))
        return bytes(content) if refused is None else None

    def write(self, path: str, content: bytes) -> None:
        """Make the file and the folders above it."""
        *folders, name = path.split("/")
        with file_errors.told(Stage.CHANGE, self._secrets):
            home = self._connection.pwd()
            for folder in folders:
                self._enter(folder)
            told = self._connection.storbinary(f"STOR {name}", io.BytesIO(content), callback=_sent)
            crash.point("response_received")
            exchange.record(f"FTPS STOR {path}", told)
            self._connection.cwd(home)

    def remove(self, path: str) -> None:
        """Remove a file. One that is gone is no error; a server says 550 also of one that it does not give up."""
        with file_errors.told(Stage.CHANGE, self._secrets):
            refused = self._refusal("DELE", path, lambda: self._deleted(path))
        if refused is not None and self.read(path) is not None:
            text = redaction.scrubbed(refused, self._secrets)
            raise Rejected(NOT_POSSIBLE, f"the file {path} cannot be removed: {text}", vendor_code=_ABSENT)

    def _deleted(self, path: str) -> str:
        """As `ftplib`'s own, and a crash between the command and its answer can be tried."""
        self._connection.putcmd(f"DELE {path}")
        crash.point("request_sent")
        told = self._connection.voidresp()
        crash.point("response_received")
        return told

    def _retrieve(self, path: str, take: Callable[[bytes], None]) -> str:
        return self._connection.retrbinary(f"RETR {path}", take)

    def _refusal(self, verb: str, path: str, act: Callable[[], str]) -> str | None:
        """Do it; the reply where there is no such file, or none that may be used so (550)."""
        try:
            told = act()
        except ftplib.error_perm as refused:
            exchange.record(f"FTPS {verb} {path}", str(refused))
            if not str(refused).startswith(_ABSENT):
                raise
            return str(refused)
        exchange.record(f"FTPS {verb} {path}", told)
        return None

    def _enter(self, folder: str) -> None:
        try:
            self._connection.cwd(folder)
        except ftplib.error_perm:
            self._connection.mkd(folder)
            self._connection.cwd(folder)


def _sent(_chunk: bytes) -> None:
    crash.point("request_sent")


class FileServer:
    """The FTP server beside the panel. Used from many threads; each use has a connection of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._trusted: ssl.SSLContext | None = None

    @contextmanager
    def opened(self, site: Site) -> Iterator[Folder]:
        """The home of the site's system user. Raises the outcomes of `ports.outcomes`, as its methods do.

        Rejected `challenge_not_possible` says why this login, or this server, cannot be used.
        """
        secrets = redaction.pieces(site.password.reveal())
        connection = _Connection(context=self._context(), timeout=self._settings.connect_timeout, encoding="utf-8")
        try:
            with file_errors.told(Stage.CONNECTING, secrets):
                connection.connect(self._settings.url.host, self._settings.ftp_port)
                connection.auth()
            with file_errors.told(Stage.LOGIN, secrets):
                connection.login(site.login, site.password.reveal())
                connection.protect()
            yield Folder(connection, secrets)
            with suppress(*ftplib.all_errors):  # what was asked for is done; a farewell may fail
                connection.quit()
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        """The account's trust. A pinned certificate is fetched from the panel once, and compared on each connection."""
        with self._lock:
            if self._trusted is None:
                self._trusted = self._new_context()
            return self._trusted

    def _new_context(self) -> ssl.SSLContext:
        if not self._settings.fingerprint:
            return tls.authority_context(self._settings)
        try:
            return pinned_context(tls.fetch_certificate(self._settings), self._settings.fingerprint)
        except httpx.RequestError as error:
            raise errors.from_transport(error, Command.GET) from error
