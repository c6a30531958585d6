"""Web hosting: a customer on a panel, and a subscription with a plan and a domain.

A customer's account is never removed here, also when nothing is left in it. A panel removes an account with all that
it holds, and between our look whether it is empty and the removal another operation of the same customer may have put
a subscription into it. An empty account does no harm, and the customer's next order finds it.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from provisioner.kernel.secret import Secret
from provisioner.orders.certificates import automatic, automatic_id
from provisioner.orders.statuses import ServiceStatus
from provisioner.ports.hosting import HostingCustomer, HostingPanel, HostingSubscription
from provisioner.ports.outcomes import Done, Rejected
from provisioner.workflows.definition import workflow
from provisioner.workflows.journal import KeyKind, NewService, ServiceChange
from provisioner.workflows.operation import Operation

# An operator may have removed the empty account between our two steps.
OWNER_GONE: Final = "owner_not_found"
LOGIN_CANDIDATES: Final = 5
LOGIN_LENGTH: Final = 16  # characters; the limit of a system login on Plesk


@workflow("hosting.create", port=HostingPanel)
def create_hosting(op: Operation, hosting: HostingPanel) -> ServiceChange:
    """Make the customer and the subscription; both are found again, never made twice."""
    customer = op.step("customer", hosting.ensure_customer, _customer(op))
    try:
        space = _create_with_free_login(op, hosting, customer, "subscription")
    except Rejected as rejected:
        if rejected.code != OWNER_GONE:
            raise
        customer = op.step("customer-again", hosting.ensure_customer, _customer(op))
        space = _create_with_free_login(op, hosting, customer, "subscription-again")
    _certificate_next(op)
    return op.service_is(ServiceStatus.ACTIVE, Done(space.ref, {**space.data, "customer_ref": customer.ref}))


def _certificate_next(op: Operation) -> None:
    """The site's certificate, by an operation of its own: it may wait for long until the names lead there."""
    certificate_id = automatic_id(op.service.service_id)
    certificate = NewService(certificate_id, "certificate", automatic(str(op.service.attributes["domain"])))
    op.follow_up("certificate.issue", resource=f"service:{certificate_id}", key=KeyKind.EC, opens=certificate)


@workflow("hosting.suspend", port=HostingPanel)
def suspend_hosting(op: Operation, hosting: HostingPanel) -> ServiceChange:
    """Switch the subscription off."""
    op.step("suspend", hosting.suspend, _ref(op))
    return op.service_is(ServiceStatus.SUSPENDED, suspended_by=op.actor_role or "system")


@workflow("hosting.resume", port=HostingPanel)
def resume_hosting(op: Operation, hosting: HostingPanel) -> ServiceChange:
    """Lift our own suspension."""
    op.step("resume", hosting.resume, _ref(op))
    return op.service_is(ServiceStatus.ACTIVE)


@workflow("hosting.cancel", port=HostingPanel)
def cancel_hosting(op: Operation, hosting: HostingPanel) -> ServiceChange:
    """Remove the subscription; the customer's account stays."""
    if op.service.ref is not None:
        op.step("remove", hosting.remove_subscription, op.service.ref)
    return op.service_is(ServiceStatus.CANCELLED)


@workflow("markup.record")
def record_markup(_op: Operation) -> None:
    """A change of markup concerns the storefront only; no vendor is asked."""


def _create_with_free_login(op: Operation, hosting: HostingPanel, customer: Done, step: str) -> Done:
    """Try the chosen login, then candidates with a number; each is journalled before its call."""
    taken: Rejected | None = None
    for number in range(LOGIN_CANDIDATES):
        login = login_candidate(op.service.attributes, op.service.service_id, number)
        name = step if number == 0 else f"{step}-{number + 1}"
        try:
            subscription = _subscription(op, customer.ref, login)
            return op.step(name, hosting.create_subscription, subscription, undo=hosting.remove_subscription)
        except Rejected as rejected:
            if rejected.code != "login_taken":
                raise
            taken = rejected
    raise taken or Rejected("login_taken", "every login candidate is taken")


def login_candidate(attributes: Mapping[str, Any], service_id: str, number: int) -> str:
    """The system login to try: the ordered one, or one made of the domain; then the same with a number.

    At most 16 characters of a-z, 0-9, - and _, starting with a letter; another one for each number from 0 to 7.
    """
    stem = _plain(attributes.get("login") or attributes.get("domain") or "").lstrip("0123456789_-")
    stem = stem or "u" + _plain(service_id)
    first = stem[:LOGIN_LENGTH]
    numbered = (stem[: LOGIN_LENGTH - 1] + digit for digit in "23456789")
    return [first, *(candidate for candidate in numbered if candidate != first)][number]


def customer_login(customer_id: str) -> str:
    """The panel login of a customer: readable, and another one for each id, also for ids that differ in case only."""
    return f"c-{_plain(customer_id)[:20]}-{hashlib.sha256(customer_id.encode()).hexdigest()[:8]}"


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isascii() and (c.isalnum() or c in "_-"))


def _customer(op: Operation) -> HostingCustomer:
    profile = op.customer.profile
    return HostingCustomer(
        customer_id=op.customer.customer_id,
        name=profile["name"],
        login=customer_login(op.customer.customer_id),
        password=op.customer.password or Secret(""),
        company=profile.get("company") or "",
        email=profile.get("email") or "",
        phone=profile.get("phone") or "",
        address=profile.get("address") or "",
        city=profile.get("city") or "",
        state=profile.get("state") or "",
        postal_code=profile.get("postal_code") or "",
        country=profile.get("country") or "",
        locale=profile.get("locale") or "",
    )


def _subscription(op: Operation, owner: str, login: str) -> HostingSubscription:
    ordered = op.service.attributes
    return HostingSubscription(
        service_id=op.service.service_id,
        owner=owner,
        domain=ordered["domain"],
        plan=ordered["plan"],
        login=login,
        password=op.service.password or Secret(""),
    )


def _ref(op: Operation) -> str:
    if op.service.ref is None:
        raise Rejected("nothing_there", "this service was never created at the vendor")
    return op.service.ref
