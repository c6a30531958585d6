"""The control interface of a simulator: plain HTTP and JSON on loopback, for people and tests, never for adapters."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import ValidationError

from adapters.sandbox.faults import FaultPlan, Rule
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.serving import Connection, HttpRequest, Reply

Route = Callable[[Any], Any]


class Controlled(Protocol):
    """What a simulator lets the control interface see and change."""

    name: str

    def snapshot(self) -> Mapping[str, Any]:
        """Everything the vendor would remember, as JSON, without secrets."""
        ...

    def adjust(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change settings of the simulator, or objects out of band. Raises ValueError with a sentence."""
        ...

    def reset(self) -> None:
        """Back to the state of a fresh installation."""
        ...


class Control:
    """Answers the control interface's requests. `more`: routes of this simulator only."""

    def __init__(
        self,
        simulator: Controlled,
        ledger: Ledger,
        faults: FaultPlan,
        more: Mapping[tuple[str, str], Route] | None = None,
    ) -> None:
        self._simulator = simulator
        self._ledger = ledger
        self._faults = faults
        self._routes: Mapping[tuple[str, str], Route] = {
            ("GET", "/health"): lambda _: {"status": "ok", "simulator": simulator.name},
            ("GET", "/ledger"): lambda _: [asdict(effect) for effect in ledger.effects()],
            ("GET", "/faults"): lambda _: faults.remaining(),
            ("POST", "/faults"): self._plan,
            ("DELETE", "/faults"): lambda _: faults.clear(),
            ("GET", "/state"): lambda _: simulator.snapshot(),
            ("POST", "/state"): self._adjust,
            ("POST", "/reset"): self._reset,
            **(more or {}),
        }

    def answer(self, request: HttpRequest, connection: Connection) -> Reply:
        """The answer to one request: JSON, and `{"error": …}` with a 4xx when it cannot be done."""
        del connection
        route = self._routes.get((request.method, request.path))
        if route is None:
            return self._unknown(request)
        try:
            return _json(route(_decoded(request.body)))
        except (ValueError, ValidationError) as error:
            return _json({"error": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _plan(self, body: Any) -> Any:
        rules = [Rule.model_validate(entry) for entry in (body if isinstance(body, list) else [body])]
        return {"numbers": [self._faults.add(rule) for rule in rules]}

    def _adjust(self, body: Any) -> Any:
        if not isinstance(body, dict):
            raise ValueError("a JSON object is expected")  # noqa: TRY004 - one kind of error for every bad body
        return self._simulator.adjust(body)

    def _reset(self, _body: Any) -> None:
        self._simulator.reset()
        self._ledger.clear()
        self._faults.clear()

    def _unknown(self, request: HttpRequest) -> Reply:
        methods = [method for method, path in self._routes if path == request.path]
        if methods:
            return _json({"error": f"use {' or '.join(methods)}"}, HTTPStatus.METHOD_NOT_ALLOWED)
        paths = sorted({path for _, path in self._routes})
        return _json({"error": f"there is no {request.path}; try {', '.join(paths)}"}, HTTPStatus.NOT_FOUND)


def _decoded(body: bytes | None) -> Any:
    if body is None:
        raise ValueError("the body is too large")
    return json.loads(body) if body else {}


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    content = {"status": "done"} if value is None else value
    return Reply(json.dumps(content, ensure_ascii=False).encode() + b"\n", status, "application/json")
