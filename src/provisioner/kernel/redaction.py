"""Taking secrets out of what is about to be shown or kept: by key, by known value, and by form.

By key: what is filed under `password`, `auth_code`, `private_key` … becomes `***`, whatever it is; `key_id`,
`primary_key` or `password_length` stay. By value: a text that was given to `remember` is found anywhere, also
percent-encoded, base64-encoded, or escaped for JSON or XML. By form: credentials in URLs, PEM private keys,
bearer tokens.

What is known to be secret is kept once per process: any thread and any library may log it.
"""

import base64
import functools
import json
import math
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

REDACTED: Final = "***"
DEEPEST: Final = 12
SHORTEST: Final = 4

# fmt: off
_SECRET_WORDS: Final = frozenset({
    "password", "passwords", "passwd", "passphrase", "pwd", "pass", "pw", "newpw", "secret", "secrets", "token",
    "tokens", "authorization", "credential", "credentials", "cookie", "authinfo", "authcode", "pvt", "apikey",
    "privatekey", "otp",
})
_SECRET_PAIRS: Final = frozenset({
    "private key", "secret key", "api key", "access key", "account key", "auth key", "encryption key", "signing key",
    "hmac key", "master key", "ssh key", "licence key", "license key", "data key", "activation key",
    "activation code", "auth code", "auth info",
})
_HARMLESS_ENDINGS: Final = frozenset({
    "id", "ids", "name", "type", "kind", "count", "length", "policy", "file", "path", "expires", "expiry", "at", "url",
    "hint", "required", "present", "set", "status", "changed", "version",
})
# fmt: on
_HARMLESS_NAMES: Final = frozenset({"fencing token", "lease token"})
_SECRET_ENDINGS: Final = ("password", "passwd", "secret", "token", "authcode", "authinfo", "apikey", "privatekey")
_LONGEST_NUMBER: Final = 256
_PAIR_LENGTH: Final = 2

# One word, a number, a time or an identifier: nothing that a form could be found in, and most of what is logged.
_PLAIN: Final = re.compile(r"[\w.-]{0,200}|[\d:.TZ+-]{0,40}")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_URL_CREDENTIALS: Final = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,256}):[^\s/]{1,1024}@")
_PEM_KEY: Final = re.compile(
    r"-----BEGIN ([A-Z0-9 ]{0,40}PRIVATE KEY)-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)", re.DOTALL
)
_PUBLIC_PEM: Final = re.compile(
    r"(-----BEGIN (?:CERTIFICATE|CERTIFICATE REQUEST|PUBLIC KEY)-----[A-Za-z0-9+/=\r\n]*"
    r"-----END (?:CERTIFICATE|CERTIFICATE REQUEST|PUBLIC KEY)-----)"
)
_SCHEMED: Final = re.compile(r"(?i)\b(bearer|authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?\w{1,20})\s+[\w.~+/=-]{8,}")
_ELEMENT: Final = re.compile(r"<([\w:.-]{1,64})((?:\s[^<>]{0,256})?)>([^<>]*)</\1>")
_PAIR: Final = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w.-]{0,63})([\"']?\s{0,4}[:=]\s{0,4})"
    r"(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s\"',;&<>()\[\]{}]+)"
)


class _Known:
    """The texts that must not be shown, counted, with every form in which each may appear."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.forms: tuple[str, ...] = ()

    def add(self, text: str) -> None:
        if len(text) >= SHORTEST:
            self._count(text, 1)

    def remove(self, text: str) -> None:
        if len(text) >= SHORTEST:
            self._count(text, -1)

    def _count(self, text: str, change: int) -> None:
        with self._lock:
            before = self._counts[text] > 0
            self._counts[text] += change
            if self._counts[text] <= 0:
                del self._counts[text]
            if before != (text in self._counts):
                forms = {form for known in self._counts for form in _forms(known)}
                self.forms = tuple(sorted(forms, key=len, reverse=True))


_known = _Known()


def remember(text: str) -> None:
    """Redact this text wherever it appears, until the process ends. Texts under 4 characters are not remembered."""
    _known.add(text)


@contextmanager
def remembered(text: str) -> Iterator[None]:
    """Redact this text wherever it appears while this is open: for a secret that one unit of work handles."""
    _known.add(text)
    try:
        yield
    finally:
        _known.remove(text)


@functools.lru_cache(maxsize=4_096)
def is_secret_key(key: str) -> bool:
    """True when what is filed under this key is a secret, judged by its words: `Api-Key`, `authCode`, `PASSWD`."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or " ".join(words[-2:]) in _HARMLESS_NAMES:
        return False
    if words == ["key"] or " ".join(words[-2:]) in _SECRET_PAIRS:
        return True
    return words[-1] not in _HARMLESS_ENDINGS and any(map(_is_secret_word, words))


def _is_secret_word(word: str) -> bool:
    return word in _SECRET_WORDS or word.endswith(_SECRET_ENDINGS)


def redact(value: Any, *, deepest: int = DEEPEST) -> Any:
    """A copy of `value` without secrets, made of what JSON knows; other objects become redacted text.

    Anything nested deeper than `deepest` becomes `***`, so that a value that contains itself comes to an end.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _redact_number(value)
    if isinstance(value, str):
        return redact_text(str(value))
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _redact_container(value, deepest - 1) if deepest > 0 else REDACTED
    return redact_text(_as_text(value))


def redact_text(text: str) -> str:
    """The text without remembered values, URL credentials, private keys, tokens, and `password=…` of any spelling."""
    for form in _known.forms:
        text = text.replace(form, REDACTED)
    return text if _PLAIN.fullmatch(text) else _redact_forms(text)


def _redact_forms(text: str) -> str:
    """Certificates, CSRs and public keys stay as they are: their base64 may look like `pw=…`, and is no secret."""
    parts = _PUBLIC_PEM.split(text)
    return "".join(part if number % 2 else _without_secrets(part) for number, part in enumerate(parts))


def _without_secrets(text: str) -> str:
    text = _PEM_KEY.sub(rf"-----BEGIN \1----- {REDACTED}", text)
    text = _URL_CREDENTIALS.sub(rf"\1:{REDACTED}@", text)
    text = _SCHEMED.sub(rf"\1 {REDACTED}", text)
    text = _ELEMENT.sub(_redact_element, text)
    return _redact_pairs(text)


def _redact_container(value: Any, deepest: int) -> Any:
    if isinstance(value, Mapping):
        return {redact_text(str(key)): _redact_entry(key, entry, deepest) for key, entry in value.items()}
    if _is_pairs(value):
        return [[redact_text(key), _redact_entry(key, entry, deepest)] for key, entry in value]
    return [redact(entry, deepest=deepest) for entry in value]


def _redact_entry(key: object, entry: Any, deepest: int) -> Any:
    if entry is None or isinstance(entry, bool) or not is_secret_key(str(key)):
        return redact(entry, deepest=deepest)
    return REDACTED


def _is_pairs(value: Any) -> bool:
    """True for a list of (name, value), as HTTP headers often are."""
    return bool(value) and all(
        isinstance(entry, tuple) and len(entry) == _PAIR_LENGTH and isinstance(entry[0], str) for entry in value
    )


def _redact_number(value: Any) -> Any:
    """The number, or text where JSON has no such number (NaN) or Python refuses to write it (thousands of digits)."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value.bit_length() > _LONGEST_NUMBER:
        return f"(a number of {value.bit_length()} bits)"
    return REDACTED if str(value) in _known.forms else int(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value)


def _redact_element(match: re.Match[str]) -> str:
    name, attributes, _content = match.groups()
    local = name.rpartition(":")[2]
    return f"<{name}{attributes}>{REDACTED}</{name}>" if is_secret_key(local) else match[0]


def _redact_pairs(text: str) -> str:
    """What follows a harmless name may be a pair itself: `it says: password=…`."""
    parts, kept, at = list[str](), 0, 0
    while (match := _PAIR.search(text, at)) is not None:
        at = match.start(3)
        if is_secret_key(match[1]):
            parts += text[kept : match.start()], _redacted_pair(match)
            kept = at = match.end()
    return "".join([*parts, text[kept:]])


def _redacted_pair(match: re.Match[str]) -> str:
    name, between, value = match.groups()
    mark = value[0] if value[0] in "\"'" else ""
    return f"{name}{between}{mark}{REDACTED}{mark}"


def _forms(text: str) -> set[str]:
    """How a text may look after it was encoded or escaped by something on its way."""
    raw = text.encode("utf-8", "surrogatepass")
    forms = {
        text,
        quote(raw, safe=""),
        quote_plus(raw, safe=""),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        escape(text),
        escape(text, {'"': "&quot;", "'": "&apos;"}),
    }
    return {form for form in forms if len(form) >= SHORTEST}
