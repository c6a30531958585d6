"""The panel behind its web server, and what the control interface may do to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.sandbox.control import Route
from adapters.sandbox.plesk import answers, damage, packet
from adapters.sandbox.plesk.dispatch import Dispatcher
from adapters.sandbox.plesk.entrance import SESSION_PATH, Entrance
from adapters.sandbox.plesk.operators.webspace_reports import with_traffic
from adapters.sandbox.plesk.operators.webspace_settings import selector
from adapters.sandbox.plesk.panel import Panel, PanelSettings
from adapters.sandbox.plesk.public.elsewhere import Elsewhere
from adapters.sandbox.plesk.records import Counter, Webspace
from adapters.sandbox.plesk.refusals import SystemRefusal
from adapters.sandbox.serving import Connection, HttpRequest, Reply

AGENT_PATH: Final = "/enterprise/control/agent.php"


class Traffic(BaseModel):
    """The traffic of one day, in bytes by counter (`http_in`, …)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: date
    counters: Mapping[Counter, Annotated[int, Field(ge=0)]]


class OutOfBand(BaseModel):
    """What happens to a subscription without the API: others change its status, customers fill it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webspace: str
    status: Annotated[int, Field(ge=0)] | None = None
    real_size: Annotated[int, Field(ge=0)] | None = None
    traffic: tuple[Traffic, ...] = ()


class Adjustment(BaseModel):
    """The body of `POST /state`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: PanelSettings | None = None
    webspaces: tuple[OutOfBand, ...] = ()


class PleskSimulator:
    """Answers HTTP requests as a panel does."""

    name = "plesk"

    def __init__(self, panel: Panel, entrance: Entrance, dispatcher: Dispatcher, elsewhere: Elsewhere) -> None:
        self._panel = panel
        self._elsewhere = elsewhere
        self._entrance = entrance
        self._dispatcher = dispatcher

    def answer(self, request: HttpRequest, connection: Connection) -> Reply:
        """The answer to one HTTP request."""
        path = request.path.partition("?")[0]
        if path == AGENT_PATH:
            return self._agent(request, connection)
        if path == SESSION_PATH:
            target = self._entrance.redeem(request.path, request.peer)
            return replace(damage.page(HTTPStatus.SEE_OTHER), headers={"Location": target})
        return damage.page(HTTPStatus.NOT_FOUND)

    def _agent(self, request: HttpRequest, connection: Connection) -> Reply:
        pretty = str(request.headers.get("HTTP_PRETTY_PRINT", "")).upper() == "TRUE"
        try:
            caller = self._entrance.caller(request.headers, request.peer)
            asked = packet.read(request.body)
            return self._dispatcher.run(asked, caller, connection, pretty=pretty)
        except SystemRefusal as refusal:
            return damage.whole(packet.write(answers.system_error(refusal), pretty=pretty))

    def snapshot(self) -> Mapping[str, Any]:
        """Everything the panel remembers, without secrets."""
        return self._panel.snapshot()

    def adjust(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change the panel's settings, or subscriptions out of band. Raises ValueError."""
        asked = Adjustment.model_validate(changes)
        with self._panel.lock:
            found = [(self._webspace(each.webspace), each) for each in asked.webspaces]
            if asked.settings is not None:
                given = asked.settings.model_dump(exclude_unset=True)
                self._panel.settings = self._panel.settings.model_copy(update=given)
            for webspace, change in found:
                self._panel.webspaces.save(_changed(webspace, change))
        return {"settings": self._panel.settings.model_dump(mode="json"), "webspaces": len(found)}

    def reset(self) -> None:
        """Back to a fresh installation."""
        self._panel.reset()
        self._elsewhere.clear()

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """What the control interface can do here besides."""
        return {
            ("GET", "/dns/records"): lambda _: self._elsewhere.lines(),
            ("POST", "/dns/records"): self._elsewhere.add,
            ("DELETE", "/dns/records"): lambda _: self._elsewhere.clear(),
        }

    def _webspace(self, mark: str) -> Webspace:
        keys = selector(self._panel).keys
        found = [webspace for kind in ("external-id", "name", "guid", "id") for webspace in keys[kind](mark)]
        if not found:
            raise ValueError(f"there is no subscription {mark}")
        return found[0]


def _changed(webspace: Webspace, change: OutOfBand) -> Webspace:
    for day in change.traffic:
        webspace = with_traffic(webspace, day.date, {str(name): value for name, value in day.counters.items()})
    status = webspace.status if change.status is None else change.status
    real_size = webspace.real_size if change.real_size is None else change.real_size
    return replace(webspace, status=status, real_size=real_size)
