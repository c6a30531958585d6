"""The web server of the customers' sites: files of the document root of the site that the Host header names."""

import mimetypes
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from adapters.sandbox.faults import Fault, FaultPlan, Rule
from adapters.sandbox.plesk import damage
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.public import places
from adapters.sandbox.plesk.records import Site
from adapters.sandbox.serving import Connection, HttpRequest, Reply

BANNER: Final = "nginx"
OPERATION: Final = "http.get"
_INDEX: Final = "index.html"


class Website:
    """Answers HTTP requests for every site of a panel."""

    def __init__(self, panel: Panel, faults: FaultPlan) -> None:
        self._panel = panel
        self._faults = faults

    def answer(self, request: HttpRequest, connection: Connection) -> Reply:
        """The answer to one request; the fault plan knows it as `http.get`, with host and path."""
        host = str(request.headers.get("Host", "")).partition(":")[0]
        path = unquote(urlsplit(request.path).path)
        rule = self._faults.take(OPERATION, (host, path))
        if rule is None:
            return self._page(request.method, host, path)
        if rule.fault is Fault.REFUSE:
            return damage.page(HTTPStatus(rule.code))
        return self._damaged(rule, self._page(request.method, host, path), connection)

    def _damaged(self, rule: Rule, reply: Reply, connection: Connection) -> Reply:
        if rule.fault is Fault.DELAY:
            connection.wait(rule.seconds)
        return damage.after_effect(rule, reply)

    def _page(self, method: str, host: str, path: str) -> Reply:
        if method not in ("GET", "HEAD"):
            return damage.page(HTTPStatus.METHOD_NOT_ALLOWED)
        with self._panel.lock:
            site = places.site_at(self._panel, host)
            if site is None:
                return damage.page(HTTPStatus.NOT_FOUND)
            if not places.is_open(self._panel, site):
                return damage.page(HTTPStatus.SERVICE_UNAVAILABLE)
        return self._elsewhere(site) if site.dest_url else self._document(site, path)

    def _elsewhere(self, site: Site) -> Reply:
        moved = damage.page(HTTPStatus(site.http_code or HTTPStatus.FOUND))
        return replace(moved, headers={"Location": site.dest_url})

    def _document(self, site: Site, path: str) -> Reply:
        home = self._panel.homes.existing(site.webspace_id)
        root = None if home is None or site.htype != "vrt_hst" else home / places.documents(site)
        file = None if root is None else _file_below(root, path)
        if file is None:
            return damage.page(HTTPStatus.NOT_FOUND)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Reply(file.read_bytes(), content_type=kind)


def _file_below(root: Path, path: str) -> Path | None:
    """The file that a path names; nothing outside of the document root."""
    if "\0" in path:
        return None
    found = (root / path.lstrip("/")).resolve()
    found = found / _INDEX if found.is_dir() else found
    return found if found.is_relative_to(root.resolve()) and found.is_file() else None
