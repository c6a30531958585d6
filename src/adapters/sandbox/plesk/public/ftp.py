"""FTP with TLS (RFC 4217) for the system users of subscriptions. The only module that knows pyftpdlib.

TLS is required before the login and for data. Operations, as the ledger and the fault plan name them: `ftp.connect`,
`ftp.login`, `ftp.store`, `ftp.delete`.
"""

import logging
import os
import socket
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from adapters.sandbox.faults import Fault, FaultPlan, Rule
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.plesk.damage import BEFORE_EFFECT
from adapters.sandbox.plesk.panel import Panel, matches
from adapters.sandbox.plesk.public import places
from adapters.sandbox.plesk.public.doors import Doors
from adapters.sandbox.plesk.records import Site, Webspace
from adapters.sandbox.serving import LOOPBACK
from adapters.sandbox.tls import Identity
from provisioner.kernel.secret import Secret

with warnings.catch_warnings():  # on Python 3.11 it uses asyncore, which 3.12 has no more
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.exceptions import AuthenticationFailed
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

BANNER: Final = "ProFTPD Server (ProFTPD)"
_PERMISSIONS: Final = frozenset("elradfmwMT")
_LONGEST_SLEEP: Final = 60.0
_UNDER_WAY: Final = frozenset({"125", "150"})
_CHANGED: Final = frozenset({"226", "250"})
_log = logging.getLogger("pyftpdlib")


@dataclass(frozen=True, slots=True)
class SystemUsers:
    """Who may come in, in the shape that pyftpdlib asks for: users of subscriptions that are not suspended."""

    panel: Panel
    faults: FaultPlan

    def validate_authentication(self, login: str, password: str, _handler: object) -> None:
        """Raises AuthenticationFailed."""
        rule = self.faults.take("ftp.login", (login,))
        site = self.site(login)
        if rule is not None or site is None or not matches(password, site.properties["ftp_password"]):
            raise AuthenticationFailed("Login incorrect.")

    def get_home_dir(self, login: str) -> str:
        """The home, with `httpdocs` in it. Raises AuthenticationFailed."""
        with self.panel.lock:
            webspace = self.webspace(login)
            if webspace is None:
                raise AuthenticationFailed("Login incorrect.")
            return str(places.furnished_home(self.panel, webspace).resolve())

    def site(self, login: str) -> Site | None:
        """The main site of a system user, unless it is suspended or has no hosting."""
        with self.panel.lock:
            found = [site for site in self.panel.sites.where("system_login", login) if site.htype == "vrt_hst"]
            return found[0] if found and login and places.is_open(self.panel, found[0]) else None

    def webspace(self, login: str) -> Webspace | None:
        """The subscription of a system user who may come in."""
        with self.panel.lock:
            site = self.site(login)
            return None if site is None else self.panel.webspace_of(site)

    def has_user(self, login: str) -> bool:
        """True for a user who may come in."""
        return self.site(login) is not None

    def has_perm(self, login: str, permission: str, path: str | None = None) -> bool:
        """True while the subscription is not suspended: whoever is in then may do nothing any more."""
        del path
        return permission in _PERMISSIONS and self.has_user(login)

    def get_perms(self, _login: str) -> str:
        """All permissions."""
        return "".join(sorted(_PERMISSIONS))

    def get_msg_login(self, login: str) -> str:
        """The greeting after a login."""
        return f"User {login} logged in"

    def get_msg_quit(self, _login: str) -> str:
        """The farewell."""
        return "Goodbye."

    def impersonate_user(self, login: str, password: str) -> None:
        """Nothing: all files belong to whoever runs the simulator."""

    def terminate_impersonation(self, login: str) -> None:
        """Nothing, likewise."""


def _files(home: str, session: object) -> Any:
    """The files of one session, with a directory of its own; pyftpdlib's would change that of the whole process."""
    files: Any = AbstractedFS(home, session)

    def enter(path: str) -> None:
        os.scandir(path).close()  # raises OSError for what is no folder
        files.cwd = files.fs2ftp(path)

    files.chdir = enter
    return files


class _Session(TLS_FTPHandler):  # type: ignore[misc]  # pyftpdlib has no types
    """One control connection. What differs between servers is set on a class of each server's own."""

    banner = BANNER
    abstracted_fs = staticmethod(_files)
    tls_control_required = True
    tls_data_required = True
    auth_failed_timeout = 0
    authorizer: SystemUsers
    ledger: Ledger
    _change: "_Change | None" = None

    def on_connect(self) -> None:
        """A server that is too busy sends clients away before they can say anything."""
        if self.authorizer.faults.take("ftp.connect") is not None:
            self.respond("421 Service not available, closing the connection.")
            self.close_when_done()

    def ftp_STOR(self, file: str, mode: str = "w") -> Any:  # noqa: N802 - the base class's name
        """Store a file, or be struck by the fault plan."""
        return super().ftp_STOR(file, mode) if self._may_begin("ftp.store", file) else None

    def ftp_DELE(self, path: str) -> Any:  # noqa: N802 - the base class's name
        """Delete a file, likewise."""
        return super().ftp_DELE(path) if self._may_begin("ftp.delete", path) else None

    def respond(self, resp: str, logfun: Callable[..., None] = _log.debug) -> None:
        """Send a reply. The one that tells of a change comes after its entry in the ledger."""
        change, code = self._change, resp[:3]
        if change is not None and code not in _UNDER_WAY:
            self._change = None
            if code in _CHANGED:
                self._note(change)
                self._answer(change.rule, resp, logfun)
                return
        super().respond(resp, logfun)

    def on_incomplete_file_received(self, file: str) -> None:
        """What a client that went away had sent stays, and is an effect; nothing of it is none."""
        self._change = None
        if Path(file).stat().st_size:
            self._note(_Change("ftp.store", self.fs.fs2ftp(file), None))

    def _may_begin(self, operation: str, path: str) -> bool:
        shown = self.fs.fs2ftp(path)
        rule = self.authorizer.faults.take(operation, (self.username, shown))
        if rule is not None and rule.fault is Fault.REFUSE:
            super().respond(f"{rule.code} {rule.text or 'Refused by the fault plan.'}")
            return False
        if rule is not None and rule.fault in BEFORE_EFFECT:
            self._fall_silent(rule.fault)
            return False
        self._change = _Change(operation, shown, rule)
        return True

    def _answer(self, rule: Rule | None, reply: str, logfun: Callable[..., None]) -> None:
        fault = None if rule is None else rule.fault
        if fault in (Fault.TIMEOUT_AFTER_EFFECT, Fault.RESET_AFTER_EFFECT):
            self._fall_silent(fault)
        elif fault is Fault.FAIL_AFTER_EFFECT:
            super().respond("451 Requested action aborted: local error in processing.", logfun)
        else:
            super().respond(reply, logfun)

    def _fall_silent(self, fault: Fault) -> None:
        """No reply; unless the client is to wait for it, the connection ends once pyftpdlib is done with it."""
        if fault not in (Fault.TIMEOUT_BEFORE_EFFECT, Fault.TIMEOUT_AFTER_EFFECT):
            self.ioloop.call_later(0, self.close)

    def _note(self, change: "_Change") -> None:
        webspace = self.authorizer.webspace(self.username)
        self.ledger.record(
            change.operation,
            account=self.username,
            reference="" if webspace is None else webspace.external_id,
            object_id="" if webspace is None else str(webspace.id),
            details={"path": change.path},
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """A file that is being stored or deleted, by its path as the client sees it."""

    operation: str
    path: str
    rule: Rule | None


class FtpServer:
    """An FTP server on 127.0.0.1, with one thread for all clients that begins with the first of them."""

    def __init__(self, users: SystemUsers, ledger: Ledger, identity: Identity, port: int) -> None:
        self._door = socket.create_server((LOOPBACK, port))
        self._settings = {"authorizer": users, "ledger": ledger, "ssl_context": _context(identity.pem)}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sandbox ftp", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._door.getsockname()[1])

    def watched_by(self, doors: Doors) -> None:
        """Hand over its door until the first client comes."""

        def begin() -> None:
            doors.leave(self._door)
            self._thread.start()

        doors.watch(self._door, begin)

    def stop(self) -> None:
        """Stop listening and end every connection. Safe to call twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        if not self._thread.is_alive():
            self._door.close()
            return
        with suppress(OSError), socket.create_connection(self._door.getsockname(), timeout=1):
            self._thread.join(timeout=_LONGEST_SLEEP)  # the connection wakes the thread

    def _serve(self) -> None:
        _logger_is_quiet()
        loop = IOLoop()
        server = FTPServer(self._door, type("Session", (_Session,), self._settings), loop)
        try:
            sleep: float | None = _LONGEST_SLEEP
            while not self._closing.is_set():
                sleep = loop.loop(timeout=sleep, blocking=False)
        finally:
            server.close_all()


def _context(pem: Secret) -> SSL.Context:
    """The identity for pyOpenSSL, which pyftpdlib uses."""
    content = pem.reveal().encode()
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.use_certificate(x509.load_pem_x509_certificate(content))
    context.use_privatekey(_key(content))
    return context


def _key(content: bytes) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(content, None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError("the simulator's own key is an elliptic one")
    return key


def _logger_is_quiet() -> None:
    """Its log lines go nowhere, like those of the other servers; without a handler it would set one for the process."""
    logger = logging.getLogger("pyftpdlib")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.CRITICAL)
