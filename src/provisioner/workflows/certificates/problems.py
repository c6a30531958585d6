"""Why there is no certificate (yet): stable codes, and sentences that a customer understands."""

from collections.abc import Mapping
from typing import Any, Final

from provisioner.ports.outcomes import Rejected
from provisioner.workflows.recorder import DEADLINE, SUPERSEDED

DNS_ELSEWHERE: Final = "dns_elsewhere"
VALIDATION_FAILED: Final = "validation_failed"
CAA_FORBIDS: Final = "caa_forbids"
IDENTIFIER_REJECTED: Final = "identifier_rejected"
RATE_LIMITED: Final = "rate_limited"
ORDER_GONE: Final = "order_gone"
AUTHORITY_UNAVAILABLE: Final = "authority_unavailable"
HOSTING_GONE: Final = "hosting_gone"
HOSTING_NOT_MADE: Final = "hosting_not_made"
NO_METHOD: Final = "no_method"
NOT_SERVED: Final = "not_served"
EXPIRES_SOON: Final = "expires_soon"
EXPIRED: Final = "expired"

ALREADY_REPLACED: Final = "already_replaced"
CHALLENGE_NOT_POSSIBLE: Final = "challenge_not_possible"

WORDS: Final[Mapping[str, str]] = {
    DNS_ELSEWHERE: "the names do not lead to this website",
    VALIDATION_FAILED: "the certificate authority could not see that the names lead to this website",
    CAA_FORBIDS: "a CAA record in the DNS of the domain shuts the certificate authority out",
    IDENTIFIER_REJECTED: "the certificate authority issues no certificates for this name",
    RATE_LIMITED: "the certificate authority issues no more certificates for these names at present",
    ORDER_GONE: "the certificate authority gave the order up",
    AUTHORITY_UNAVAILABLE: "the certificate could not be obtained in time",
    HOSTING_GONE: "the web hosting that the certificate is for is gone",
    HOSTING_NOT_MADE: "the web hosting that the certificate is for is not made yet",
    NOT_SERVED: "the server obtains the certificate by itself, and the website does not serve one",
    NO_METHOD: "the server has no way to show the certificate authority that the names lead to it",
}
"""The first half of the sentence; what was found follows."""

ANOTHER_ORDER: Final = frozenset({ORDER_GONE, VALIDATION_FAILED, CAA_FORBIDS, RATE_LIMITED, DEADLINE})
"""Refusals after which another order may succeed: what the customer can mend, and what passes by itself."""

_TRANSLATED: Final[Mapping[str, str]] = {
    DEADLINE: AUTHORITY_UNAVAILABLE,
    "subscription_not_found": HOSTING_GONE,
    CHALLENGE_NOT_POSSIBLE: NO_METHOD,
}


def is_problem(refused: Rejected) -> bool:
    """Whether it is one for the customer, and not a newer command that has made the operation pointless."""
    return refused.code != SUPERSEDED


def problem(refused: Rejected, *, late: str = AUTHORITY_UNAVAILABLE) -> Rejected:
    """The same refusal for customers. `late` is the code for a wait that its deadline has ended."""
    if not is_problem(refused):
        return refused
    code = late if refused.code == DEADLINE else _TRANSLATED.get(refused.code, refused.code)
    found = refused.message.removeprefix("gave up: ")
    told = WORDS.get(code)
    message = found if told is None or found.startswith(told) else f"{told}: {found}"
    return Rejected(code, message, vendor_code=refused.vendor_code, fields=refused.fields)


def as_data(refused: Rejected) -> dict[str, Any]:
    """What the service keeps of it."""
    return {"problem": refused.message, "problem_code": refused.code}


NO_PROBLEM: Final[Mapping[str, None]] = {"problem": None, "problem_code": None}
