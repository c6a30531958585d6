"""Who may come in: the login headers and secret keys of requests, and one-time sessions of browsers."""

import hmac
from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qs, urlsplit

from adapters.sandbox.plesk.call import Caller
from adapters.sandbox.plesk.operators.access import digest
from adapters.sandbox.plesk.panel import Panel, matches
from adapters.sandbox.plesk.records import ADMIN_LOGIN
from adapters.sandbox.plesk.refusals import Code, SystemRefusal
from provisioner.kernel.secret import Secret

SESSION_PATH = "/enterprise/rsession_init.php"


@dataclass(frozen=True, slots=True)
class Entrance:
    """Checks credentials against the administrator's and the panel's records."""

    panel: Panel
    password: Secret
    secret_key: Secret

    def caller(self, headers: Message, peer: str) -> Caller:
        """Who sent a request. Raises SystemRefusal (1001, or 11003 for a secret key)."""
        key = _header(headers, "KEY")
        if key is not None:
            return Caller(self._owner_of(key, peer), peer)
        login, password = _header(headers, "HTTP_AUTH_LOGIN"), _header(headers, "HTTP_AUTH_PASSWD")
        if login is None or password is None or not self._fits(login, password):
            raise SystemRefusal(Code.AUTHENTICATION_FAILED, "You have entered incorrect username or password.")
        return Caller(login, peer)

    def _owner_of(self, key: str, peer: str) -> str:
        if hmac.compare_digest(key.encode(), self.secret_key.reveal().encode()):
            return ADMIN_LOGIN
        with self.panel.lock:
            found = self.panel.secret_keys.where("digest", digest(key))
        if not found or peer not in found[0].ip_addresses:
            text = "PleskAPIInvalidSecretKeyException : Invalid secret key usage. Please check logs for details."
            raise SystemRefusal(Code.SECRET_KEY_INVALID, text)
        return found[0].login

    def _fits(self, login: str, password: str) -> bool:
        if login == ADMIN_LOGIN:
            return hmac.compare_digest(password.encode(), self.password.reveal().encode())
        with self.panel.lock:
            found = self.panel.customers.where("login", login)
        return bool(found) and matches(password, found[0].password)

    def redeem(self, url: str, peer: str) -> str:
        """Where a browser with a one-time session goes: into the panel, or to the login page. A token works once."""
        query = parse_qs(urlsplit(url).query)
        token = (query.get("PHPSESSID") or query.get("PLESKSESSID") or [""])[0]
        with self.panel.lock:
            found = self.panel.sessions.where("token", token)
            if not found or found[0].ip_address != peer:
                return query.get("failure_redirect_url", ["/login_up.php"])[0]
            self.panel.sessions.drop(found[0])
            return query.get("success_redirect_url", ["/smb/"])[0]


def _header(headers: Message, name: str) -> str | None:
    """A header's value; http.server reads bytes as Latin-1, clients mean UTF-8."""
    value = headers.get(name)
    return None if value is None else str(value).encode("latin-1").decode("utf-8", "replace").strip()
