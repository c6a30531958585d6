"""The commands, one module for each object and concern; `HANDLERS` has them all by operation."""

from collections.abc import Mapping
from typing import Final

from adapters.sandbox.epp.call import Handler
from adapters.sandbox.epp.commands import (
    contact,
    contact_update,
    domain_create,
    domain_life,
    domain_queries,
    domain_transfer,
    domain_update,
    host,
    poll,
)

HANDLERS: Final[Mapping[str, Handler]] = {
    **domain_queries.HANDLERS,
    **domain_create.HANDLERS,
    **domain_update.HANDLERS,
    **domain_life.HANDLERS,
    **domain_transfer.HANDLERS,
    **contact.HANDLERS,
    **contact_update.HANDLERS,
    **host.HANDLERS,
    **poll.HANDLERS,
}
