"""Messages that an operator sends: the same CloudEvents as a storefront's, so that there is one way in."""

import json
from collections.abc import Mapping
from typing import Any, Final

from provisioner.kernel.clock import Clock
from provisioner.kernel.ids import Ids
from provisioner.messages.envelope import decode

SOURCE: Final = "console"
ORGANISATION: Final = "operators"
ROLE: Final = "admin"


def operator_message(
    type_: str, subject: str, data: Mapping[str, Any], *, environment: str, operator: str, clock: Clock, ids: Ids
) -> bytes:
    """A message, ready to be submitted. Raises Unreadable when what the operator gave is not allowed in it."""
    envelope = {
        "specversion": "1.0",
        "id": ids.new(),
        "source": SOURCE,
        "type": type_,
        "subject": subject,
        "time": clock.now().isoformat(),
        "datacontenttype": "application/json",
        "environment": environment,
        "actorid": operator,
        "actororg": ORGANISATION,
        "actorrole": ROLE,
        "data": {name: value for name, value in data.items() if value},
    }
    raw = json.dumps(envelope, ensure_ascii=False).encode()
    decode(raw)
    return raw
