"""A certificate authority of the tests' own: Pebble and its challenge server, on free ports of loopback."""

import json
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import trustme

from provisioner.kernel.private_keys import generate_private_key
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import Allowance, VendorAccount
from provisioner.ports.certificates import Challenge, Method
from tests.support.processes import Child, ends_with_us, free_ports, listens, start, wait_for

EAB_KEY_ID = "kid-1"
EAB_HMAC_KEY = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
ISSUED = "Issued certificate serial"


class PebbleMissingError(RuntimeError):
    """Pebble was not found: run `make servers`, or install the package `pebble`."""


class ChallengeServer:
    """`pebble-challtestsrv`: the web servers and the DNS of every name, as the authority sees them.

    Every name leads to 127.0.0.1, unless it is told otherwise.
    """

    def __init__(self, folder: Path) -> None:
        self.dns_port, self.http_port, self._port = free_ports(3)
        self._log = folder / "challtestsrv.log"
        self._child: Child | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [_program("pebble-challtestsrv"), "-management", f"127.0.0.1:{self._port}"]
        places = ["-dns01", f"127.0.0.1:{self.dns_port}", "-http01", f"127.0.0.1:{self.http_port}"]
        nothing = ["-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]
        self._child = start([*ends_with_us(), *command, *places, *nothing], log=self._log)
        wait_for(lambda: listens(self._port) and listens(self.dns_port), "pebble-challtestsrv listens")

    def stop(self) -> None:
        """Stop it. Safe to call twice."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def show(self, challenge: Challenge) -> None:
        """Put the file or the TXT record there, beside others."""
        if challenge.method is Method.HTTP:
            self._tell("add-http01", token=challenge.place, content=challenge.content)
        else:
            self._tell("set-txt", host=f"{challenge.place}.", value=challenge.content)

    def hide(self, challenge: Challenge) -> None:
        """Take the file away, or all TXT records of that name."""
        if challenge.method is Method.HTTP:
            self._tell("del-http01", token=challenge.place)
        else:
            self._tell("clear-txt", host=f"{challenge.place}.")

    def lead(self, name: str, *addresses: str) -> None:
        """Let a name lead to IPv4 addresses."""
        self._tell("add-a", host=f"{name}.", addresses=list(addresses))

    def caa(self, name: str, tag: str, value: str) -> None:
        """Give a name one CAA record."""
        self._tell("add-caa", host=f"{name}.", policies=[{"tag": tag, "value": value}])

    def _tell(self, what: str, **body: Any) -> None:
        data = json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{what}", data, timeout=10) as answer:
            answer.read()


class Pebble:
    """One authority; `running()` makes it. What it knows is gone when it is restarted.

    `nonce_rejection` and `authorization_reuse` are percentages; at 0, Pebble still reuses one authorization in 100.
    With `binding` an account needs an external one.
    """

    def __init__(self, *, nonce_rejection: int = 0, authorization_reuse: int = 0, binding: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="provisioner-pebble-"))
        self.port, self._management = free_ports(2)
        self.challenges = ChallengeServer(self.folder)
        self.ca_file = self.folder / "ca.pem"
        self._binding = binding
        self._environment = {
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": str(nonce_rejection),
            "PEBBLE_AUTHZREUSE": str(authorization_reuse),
        }
        self._child: Child | None = None

    @classmethod
    @contextmanager
    def running(
        cls, *, nonce_rejection: int = 0, authorization_reuse: int = 0, binding: bool = False
    ) -> Iterator[Self]:
        """A running authority and its challenge server."""
        pebble = cls(nonce_rejection=nonce_rejection, authorization_reuse=authorization_reuse, binding=binding)
        try:
            pebble._prepare()
            pebble.challenges.start()
            pebble.start()
            yield pebble
        finally:
            pebble.remove()

    @property
    def directory_url(self) -> str:
        """Where the authority's directory is."""
        return f"https://localhost:{self.port}/dir"

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings of an account, whose looks at the DNS begin and end with the challenge server."""
        return {
            "directory_url": self.directory_url,
            "ca_file": str(self.ca_file),
            "terms_agreed": "yes",
            "contact": "certificates@example.com",
            "resolvers": f"127.0.0.1:{self.challenges.dns_port}",
        }

    def account(
        self, key: Secret | None = None, *, hmac_key: str = "", allowance: Allowance | None = None, **settings: str
    ) -> VendorAccount:
        """An account at it, with a key of its own unless one is given."""
        bound = {"eab_hmac_key": Secret(hmac_key)} if hmac_key else {}
        credentials = {"account_key": key or generate_private_key("ec"), **bound}
        given = {**self.settings, **settings}
        return VendorAccount("pebble", "acme", settings=given, credentials=credentials, allowance=allowance)

    def start(self) -> None:
        """Start the authority and wait until it answers."""
        command = [_program("pebble"), "-config", str(self.folder / "pebble.json")]
        dns = ["-dnsserver", f"127.0.0.1:{self.challenges.dns_port}"]
        log = self.folder / "pebble.log"
        self._child = start([*ends_with_us(), *command, *dns], log=log, env=self._environment, cwd=self.folder)
        wait_for(lambda: listens(self.port), "Pebble listens")

    def restart(self) -> None:
        """Start it anew: accounts, orders and certificates are forgotten, its own certificate is another."""
        self._stop()
        self.start()

    def remove(self) -> None:
        """Stop everything and remove the folder."""
        self._stop()
        self.challenges.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def issued(self) -> int:
        """How many certificates it has issued since it was made."""
        return self.output().count(ISSUED)

    def output(self) -> str:
        """Everything it has written so far."""
        return (self.folder / "pebble.log").read_text(errors="replace")

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _prepare(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        server = authority.issue_cert("localhost", "127.0.0.1")
        server.private_key_pem.write_to_path(str(self.folder / "server.key"))
        for pem in server.cert_chain_pems:
            pem.write_to_path(str(self.folder / "server.pem"), append=True)
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": self._configuration()}))

    def _configuration(self) -> dict[str, Any]:
        return {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(self.folder / "server.pem"),
            "privateKey": str(self.folder / "server.key"),
            "httpPort": self.challenges.http_port,
            "tlsPort": self.challenges.http_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": self._binding,
            "externalAccountMACKeys": {EAB_KEY_ID: EAB_HMAC_KEY},
        }


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PebbleMissingError((PebbleMissingError.__doc__ or "").strip())
    return found
