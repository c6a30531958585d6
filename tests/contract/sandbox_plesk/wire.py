"""A stranger's client: XML in, XML out, over real HTTPS. It knows nothing of the simulator's insides."""

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import httpx
from defusedxml.ElementTree import fromstring

from adapters.sandbox.plesk import grammar
from adapters.sandbox.plesk.validator import validate
from adapters.sandbox.running import RunningSimulator

AGENT = "/enterprise/control/agent.php"
PASSWORD = "Long-enough-1"  # the systems behind it are made up


def contract_dir() -> Path | None:
    """Where the shared content models are: named by the environment, or beside the checkout."""
    named = os.environ.get("PROVISIONER_CONTRACT_DIR")
    found = Path(named) if named else Path(__file__).parents[4] / "shared" / "contract"
    return found / "plesk" if (found / "plesk").is_dir() else None


def response_model() -> grammar.ElementRule | None:
    folder = contract_dir()
    return None if folder is None else grammar.parse((folder / "response-model.txt").read_text("utf-8"))


def trusting(simulator: RunningSimulator) -> ssl.SSLContext:
    address = urlsplit(simulator.endpoint)
    certificate = ssl.get_server_certificate((str(address.hostname), int(address.port or 0)))
    return ssl.create_default_context(cadata=certificate)


class Client:
    """Sends packets; every answer that is XML is checked against the response model, where that is at hand."""

    def __init__(
        self, simulator: RunningSimulator, model: grammar.ElementRule | None, *, timeout: float = 30.0
    ) -> None:
        self._model = model
        self._headers = {
            "HTTP_AUTH_LOGIN": simulator.credentials["login"].reveal(),
            "HTTP_AUTH_PASSWD": simulator.credentials["password"].reveal(),
            "Content-Type": "text/xml",
        }
        self._http = httpx.Client(
            base_url=simulator.endpoint, verify=trusting(simulator), timeout=httpx.Timeout(30.0, read=timeout)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def post(self, body: str | bytes, headers: dict[str, str] | None = None, path: str = AGENT) -> httpx.Response:
        return self._http.post(path, content=body, headers=self._headers if headers is None else headers)

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def packet(self, body: str | bytes, headers: dict[str, str] | None = None) -> Element:
        """The answer to a whole packet."""
        response = self.post(body, headers)
        assert response.status_code == 200
        answer: Element = fromstring(response.content, forbid_dtd=True)
        if self._model is not None:
            validate(answer, self._model)
        return answer

    def results(self, operations: str) -> list[Element]:
        """The results of the operations in a packet."""
        return list(self.packet(f"<packet>{operations}</packet>").iter("result"))

    def result(self, operation: str) -> Element:
        """The one result of one operation."""
        found = self.results(operation)
        assert len(found) == 1
        return found[0]

    def code(self, operation: str) -> int:
        """The error code of the one result; 0 when it is ok."""
        return code_of(self.result(operation))

    def system_code(self, body: str | bytes, headers: dict[str, str] | None = None) -> int:
        """The error code that answers for the whole packet."""
        return int(self.packet(body, headers).findtext("system/errcode") or 0)

    def system_text(self, body: str | bytes) -> str:
        return self.packet(body).findtext("system/errtext") or ""


def code_of(result: Element) -> int:
    return int(result.findtext("errcode") or 0) if result.findtext("status") == "error" else 0


def properties(values: dict[str, str], tag: str = "property") -> str:
    return "".join(f"<{tag}><name>{name}</name><value>{value}</value></{tag}>" for name, value in values.items())


def customer_add(login: str = "jdoe", external_id: str = "cust:1", more: str = "") -> str:
    info = f"<pname>Customer</pname><login>{login}</login><passwd>{PASSWORD}</passwd><email>j@example.com</email>"
    external = f"<external-id>{external_id}</external-id>" if external_id else ""
    return f"<customer><add><gen_info>{info}{more}{external}</gen_info></add></customer>"


def webspace_add(
    name: str = "example.com",
    *,
    external_id: str = "svc:1",
    login: str = "web1",
    owner: str = "<owner-login>jdoe</owner-login>",
    plan: str = "<plan-name>basic</plan-name>",
    htype: str = "<htype>vrt_hst</htype>",
    settings: str = "",
) -> str:
    setup = f"<name>{name}</name>{owner}{htype}<external-id>{external_id}</external-id>"
    user = properties({"ftp_login": login, "ftp_password": PASSWORD})
    hosting = f"<hosting><vrt_hst>{user}<ip_address>192.0.2.10</ip_address></vrt_hst></hosting>"
    return f"<webspace><add><gen_setup>{setup}</gen_setup>{hosting}{settings}{plan}</add></webspace>"


def webspace_get(key: str, *parts: str) -> str:
    dataset = "".join(f"<{part}/>" for part in parts or ("gen_info",))
    return f"<webspace><get><filter>{key}</filter><dataset>{dataset}</dataset></get></webspace>"


def webspace_set(key: str, values: str) -> str:
    return f"<webspace><set><filter>{key}</filter><values>{values}</values></set></webspace>"


def status_set(status: int, key: str = "<external-id>svc:1</external-id>") -> str:
    return webspace_set(key, f"<gen_setup><status>{status}</status></gen_setup>")


Adjust = Callable[[dict[str, object]], None]
"""Posts to the control interface's /state."""
Control = Callable[[str], str]
"""Gets a path of the control interface as text."""
