"""Commands that open, keep and close a session (RFC 5730 §2.3, §2.9.1, RFC 8807)."""

from typing import Final
from xml.etree.ElementTree import Element

from epptools import Frame

from adapters.epp.commands.frames import Command, Draft
from adapters.epp.namespaces import EPP, LOGIN_SECURITY
from provisioner.kernel.secret import Secret

_LONGEST_PASSWORD: Final = 16  # of epp:pwType
_ELSEWHERE: Final = "[LOGIN-SECURITY]"  # RFC 8807 §4.1: the password stands in the extension


def hello() -> Command:
    """Ask for the greeting. Answer: `Greeting`. Has no transaction id."""
    return Command(
        "hello",
        lambda _cl_trid, _extensions: f'<?xml version="1.0" encoding="UTF-8"?><epp xmlns="{EPP}"><hello/></epp>',
    )


def login(username: str, password: Secret, language: str, objects: tuple[str, ...]) -> Command:
    """Log in with these objects and the extensions of the session.

    With RFC 8807 among them we take part in it, so that the server can warn us; a password of more than 16
    characters travels in it.
    """

    def build(cl_trid: str, extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        frame = draft.frame()
        secured = LOGIN_SECURITY in extensions
        long = len(password.reveal()) > _LONGEST_PASSWORD
        element = frame.verb("login")
        frame.epp(element, "clID", username)
        frame.epp(element, "pw", _ELSEWHERE if secured and long else password.reveal())
        options = frame.epp(element, "options")
        frame.epp(options, "version", "1.0")
        frame.epp(options, "lang", language)
        services = frame.epp(element, "svcs")
        for uri in objects:
            frame.epp(services, "objURI", uri)
        _add_extensions(frame, services, extensions)
        if secured:
            _add_security(frame, password if long else None)
        return draft.text()

    return Command("login", build, secrets=(password,))


def logout() -> Command:
    """End the session. 1500: done."""

    def build(cl_trid: str, _extensions: frozenset[str]) -> str:
        draft = Draft(cl_trid)
        draft.frame().verb("logout")
        return draft.text()

    return Command("logout", build)


def _add_extensions(frame: Frame, services: Element, extensions: frozenset[str]) -> None:
    if extensions:
        element = frame.epp(services, "svcExtension")
        for uri in sorted(extensions):
            frame.epp(element, "extURI", uri)


def _add_security(frame: Frame, password: Secret | None) -> None:
    block = frame.ns(frame.extension(), LOGIN_SECURITY, "loginSec:loginSec")
    agent = frame.ns(block, LOGIN_SECURITY, "loginSec:userAgent")
    frame.ns(agent, LOGIN_SECURITY, "loginSec:app", "provisioner")
    if password is not None:
        frame.ns(block, LOGIN_SECURITY, "loginSec:pw", password.reveal())
