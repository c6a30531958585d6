"""An extension of this registry alone, which may come with contacts. It is kept as it comes, and means nothing."""

from collections.abc import Iterator

from adapters.sandbox.epp.call import Call
from adapters.sandbox.epp.reading import Part


def given(call: Call) -> dict[str, str]:
    """Its texts and attributes: `{"create/ident": "123", "create/ident@type": "org"}`; empty without one."""
    uri = call.registry.settings.contact_extension_uri
    parts = [part for part in call.request.extensions.values() if uri and part.namespace == uri]
    return {path: text for part in parts for path, text in _flat(part, "")}


def _flat(part: Part, above: str) -> Iterator[tuple[str, str]]:
    path = above + part.name.rpartition(":")[2]
    if part.text:
        yield path, part.text
    yield from ((f"{path}@{name}", text) for name, text in part.attributes.items())
    for child in part.children:
        yield from _flat(child, f"{path}/")
