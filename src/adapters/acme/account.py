"""Our account at the authority: opened, or adopted when the key has one already (RFC 8555 sections 7.3 and 7.3.1)."""

import threading
from collections.abc import Callable
from typing import Any

from acme import messages

from adapters.acme.keys import AccountKey
from adapters.acme.network import Answer, UnreadableAnswer
from adapters.acme.resources import Directory
from adapters.acme.settings import Binding, Settings


class Account:
    """The account's URL, asked for when it is first needed. Safe to use from many threads."""

    def __init__(self, settings: Settings, register: Callable[[messages.NewRegistration], Answer]) -> None:
        self._settings = settings
        self._register = register
        self._lock = threading.Lock()
        self._url = ""

    def url(self, directory: Directory) -> str:
        """Where our account is; opened by one thread while the others wait. Raises as `register`."""
        with self._lock:
            if not self._url:
                self._url = self._open(directory)
            return self._url

    def forget(self, url: str) -> None:
        """The authority does not know this account any more; the next to ask opens it anew."""
        with self._lock:
            if self._url == url:
                self._url = ""

    def _open(self, directory: Directory) -> str:
        answer = self._register(_registration(self._settings, directory))
        if not answer.location:
            raise UnreadableAnswer("the account has no URL")
        return answer.location


def _registration(settings: Settings, directory: Directory) -> messages.NewRegistration:
    """The request for an account; for a key that has one the authority answers with that."""
    contact = {"contact": (f"mailto:{settings.contact}",)} if settings.contact else {}
    bound = _bound(settings.binding, settings.key, directory) if settings.binding else {}
    return messages.NewRegistration(terms_of_service_agreed=True, **contact, **bound)


def _bound(binding: Binding, key: AccountKey, directory: Directory) -> dict[str, Any]:
    """Our key, signed with what the authority has given for it."""
    signed = messages.ExternalAccountBinding.from_data(
        key.private.public_key(),
        binding.key_id,
        binding.hmac_key.reveal(),
        messages.Directory({"newAccount": directory.new_account}),
    )
    return {"external_account_binding": signed}
