"""A Plesk server that answers each operation with what a test wrote down, below httpx, and keeps what it was asked."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import httpx

from adapters.plesk import PleskHosting
from provisioner.kernel.clock import FakeClock
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.hosting import HostingCustomer, HostingSubscription

Answer = str | httpx.Response | httpx.RequestError

CUSTOMER = HostingCustomer(
    customer_id="c-1", name="Example Customer", login="demo", password=Secret("canary-customer-9")
)
WANTED = HostingSubscription(
    service_id="s-1",
    owner="owner-guid",
    domain="demo.example",
    plan="Gold",
    login="demo1",
    password=Secret("canary-ftp-9"),
)
ABSENT = "<result><status>error</status><errcode>1013</errcode><errtext>Object not found.</errtext></result>"
OK = "<result><status>ok</status><id>7</id></result>"


def refused(code: int, text: str = "no") -> str:
    return f"<result><status>error</status><errcode>{code}</errcode><errtext>{text}</errtext></result>"


def customer(*, mark: str = "cust:c-1", login: str = "demo", guid: str = "guid-c", id_: str = "3") -> str:
    return (
        f"<result><status>ok</status><id>{id_}</id><data><gen_info><login>{login}</login><status>0</status>"
        f"<password>canary-hash-9</password><guid>{guid}</guid><external-id>{mark}</external-id>"
        "</gen_info></data></result>"
    )


def webspace(
    *,
    mark: str = "svc:s-1",
    name: str = "demo.example",
    status: int = 0,
    htype: str = "vrt_hst",
    plan: str = "plan-gold",
) -> str:
    hosting = (
        "<hosting><vrt_hst><property><name>ftp_login</name><value>demo1</value></property><property>"
        "<name>ftp_password</name><value>canary-stored-9</value></property><ip_address>192.0.2.7</ip_address>"
        "</vrt_hst></hosting>"
    )
    return (
        f"<result><status>ok</status><id>7</id><data><gen_info><name>{name}</name><ascii-name>{name}</ascii-name>"
        f"<status>{status}</status><real_size>1000</real_size><owner-id>3</owner-id><htype>{htype}</htype>"
        f"<guid>guid-s</guid><external-id>{mark}</external-id></gen_info>{hosting if htype == 'vrt_hst' else ''}"
        f"<subscriptions><subscription><locked>false</locked><synchronized>true</synchronized><plan><plan-guid>{plan}"
        "</plan-guid></plan></subscription></subscriptions></data></result>"
    )


PLAN = "<result><status>ok</status><id>1</id><name>Gold</name><guid>plan-gold</guid></result>"
ADDRESSES = (
    "<result><status>ok</status><addresses>"
    "<ip_info><ip_address>192.0.2.9</ip_address><type>exclusive</type></ip_info>"
    "<ip_info><ip_address>2001:db8::7</ip_address><type>shared</type></ip_info>"
    "<ip_info><ip_address>192.0.2.7</ip_address><type>shared</type></ip_info></addresses></result>"
)
MADE = "<result><status>ok</status><id>7</id><guid>guid-s</guid></result>"


@dataclass
class ScriptedServer:
    """Answers in the order written for each operation; the last answer is repeated."""

    script: dict[str, deque[Answer]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[tuple[str, Element]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def on(self, operation: str, *answers: Answer) -> "ScriptedServer":
        self.script[operation] = deque(answers)
        return self

    def operations(self) -> list[str]:
        return [name for name, _ in self.asked]

    def body(self, operation: str) -> Element:
        return next(element for name, element in self.asked if name == operation)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        command = defusedxml.ElementTree.fromstring(request.content)[0][0]
        operator = defusedxml.ElementTree.fromstring(request.content)[0].tag
        operation = f"{operator}/{command.tag}"
        self.asked.append((operation, command))
        self.requests.append(request)
        answers = self.script[operation]
        assert answers, f"nobody wrote an answer to {operation}"
        return self._reply(operator, command.tag, answers.popleft() if len(answers) > 1 else answers[0])

    def _reply(self, operator: str, name: str, answer: Answer) -> httpx.Response:
        if isinstance(answer, httpx.RequestError):
            raise answer
        if isinstance(answer, httpx.Response):
            return streamed(answer.content, answer.status_code)
        if answer.startswith("<system>"):
            return streamed(f"<packet>{answer}</packet>".encode())
        return streamed(f"<packet><{operator}><{name}>{answer}</{name}></{operator}></packet>".encode())


def streamed(body: bytes, status: int = 200) -> httpx.Response:
    """A response that is not read yet, as the network gives it."""
    return httpx.Response(status, stream=httpx.ByteStream(body))


def account(**settings: str) -> VendorAccount:
    return VendorAccount(
        "panel-1",
        "plesk",
        settings={"endpoint": "https://panel.example:8443", **settings},
        credentials={"login": Secret("admin"), "password": Secret("canary-admin-9")},
    )


def hosting(server: ScriptedServer, **settings: str) -> PleskHosting:
    return PleskHosting.over(account(**settings), FakeClock(), httpx.MockTransport(server))


def empty_server() -> ScriptedServer:
    """A server with the plan and an address, and nothing of ours yet."""
    return (
        ScriptedServer()
        .on("service-plan/get", PLAN)
        .on("ip/get", ADDRESSES)
        .on("site/get", ABSENT)
        .on("customer/get", ABSENT)
        .on("customer/add", "<result><status>ok</status><id>3</id><guid>guid-c</guid></result>")
        .on("webspace/get", ABSENT, ABSENT, webspace())
        .on("webspace/add", MADE)
    )
