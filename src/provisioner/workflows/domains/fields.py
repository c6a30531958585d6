"""Where in the order a field lies that a registry refused: the port tells of it from the contact or the host on."""

from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.ports.outcomes import Rejected


@contextmanager
def within(place: str) -> Iterator[None]:
    """Raise what is Rejected in here with its JSON pointers put behind `place`, such as `/contacts/admin`."""
    try:
        yield
    except Rejected as refused:
        if not refused.fields:
            raise
        refused.fields = tuple(f"{place}{field}" for field in refused.fields)
        raise
