"""Client transaction ids (RFC 5730 §2.5): 3 to 64 characters, never used twice by any thread, process or host.

An id is made for every frame, also for one that is sent again: some registries close the connection on a repeated
id. It names its command, so that a message that answers it days later (panData) can be understood.
"""

import base64
import re
import uuid
from typing import Final

LONGEST: Final = 64
LONGEST_PREFIX: Final = 12
LONGEST_NAME: Final = 24
_RANDOM: Final = 26  # 128 bits in base32
_OURS: Final = re.compile(
    rf"[A-Za-z0-9_-]+?-((?:domain|contact|host|poll)-[a-z-]+|hello|login|logout)-[a-z2-7]{{{_RANDOM}}}"
)


def new(prefix: str, command: str) -> str:
    """An id such as `PRV-domain-create-mfrggzdfmztwq2lknnwg23tpob`."""
    random = base64.b32encode(uuid.uuid4().bytes).decode().rstrip("=").lower()
    return f"{prefix}-{command}-{random}"


def command_of(cl_trid: str) -> str:
    """The name of the command for which an id was made; empty when it is none of ours."""
    ours = _OURS.fullmatch(cl_trid)
    return ours[1] if ours else ""
