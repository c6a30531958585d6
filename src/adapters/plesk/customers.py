"""Customer accounts: found by our mark, made once, removed only when they are ours and own nothing."""

from adapters.plesk import errors, marks
from adapters.plesk.client import Client
from adapters.plesk.operations import CUSTOMER_ADD, CUSTOMER_DEL, CUSTOMER_GET, WEBSPACE_GET
from adapters.plesk.packet import FLAG, Filter, Values
from adapters.plesk.reply import Result
from provisioner.ports.hosting import HostingCustomer
from provisioner.ports.outcomes import Done, Rejected

_GENERAL: Values = {"dataset": {"gen_info": FLAG}}
_NOT_OURS = "the customer does not bear our mark and was left alone"
_NOT_EMPTY = "the customer still owns subscriptions and was left alone"


class Customers:
    """The customers of one server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def find(self, customer: HostingCustomer) -> Done | None:
        """Our account, or None."""
        mark = marks.customer(customer.customer_id)
        for found in self._get(Filter("external-id", mark)):
            if found.text("data/gen_info/external-id") == mark:
                return _existing(found)
        return None

    def ensure(self, customer: HostingCustomer) -> Done:
        """Our account, made when it is missing. Raises Rejected `login_taken` when the login is someone else's."""
        return self.find(customer) or self._with_login(customer) or self._add(customer)

    def remove(self, ref: str) -> Done:
        """Remove the account if it is ours and owns nothing."""
        target = Filter("guid", ref)
        found = self._client.call(CUSTOMER_GET, _GENERAL, target)
        if not found:
            return Done(ref)
        if not found[0].has("data/gen_info"):
            raise errors.unreadable("a customer without its data", CUSTOMER_GET.command)
        if not found[0].text("data/gen_info/external-id").startswith(marks.CUSTOMER):
            return Done(ref, warnings=(_NOT_OURS,))
        if self._owns_subscriptions(ref):
            return Done(ref, warnings=(_NOT_EMPTY,))
        self._client.call(CUSTOMER_DEL, target=target)
        return Done(ref)

    def numeric_id(self, ref: str) -> str:
        """The id by which subscriptions name their owner; empty for a customer that is gone."""
        found = self._get(Filter("guid", ref))
        return found[0].id if found else ""

    def _get(self, target: Filter) -> tuple[Result, ...]:
        found = self._client.call(CUSTOMER_GET, _GENERAL, target)
        return tuple(each for each in found if each.has("data/gen_info"))

    def _with_login(self, customer: HostingCustomer, refused: Rejected | None = None) -> Done | None:
        """Our account by its login, or None. Raises Rejected when it is someone else's."""
        found = self._get(Filter("login", customer.login))
        if found and found[0].text("data/gen_info/external-id") != marks.customer(customer.customer_id):
            raise _taken(customer, refused)
        return _existing(found[0]) if found else None

    def _owns_subscriptions(self, ref: str) -> bool:
        owned = self._client.call(WEBSPACE_GET, _GENERAL, Filter("owner-guid", ref))
        return any(each.id for each in owned)

    def _add(self, customer: HostingCustomer) -> Done:
        try:
            made = self._client.make(CUSTOMER_ADD, {"gen_info": _general(customer)})
        except Rejected as refused:
            return self._after_refusal(customer, refused)
        return Done(made.guid, {"id": made.id, "login": customer.login}) if made.guid else self._read_back(customer)

    def _after_refusal(self, customer: HostingCustomer, refused: Rejected) -> Done:
        """What is there after all: an earlier attempt of ours may have been slow."""
        if refused.code not in errors.LOOK_AGAIN:
            raise refused
        found = self.find(customer) or self._with_login(customer, refused)
        if found is not None:
            return found
        raise _taken(customer, refused) if refused.code == errors.ALREADY_EXISTS else refused

    def _read_back(self, customer: HostingCustomer) -> Done:
        with errors.after_effect():
            found = self.find(customer)
        if found is None:
            raise errors.unreadable("the customer was made and is not shown", CUSTOMER_ADD.command)
        return found


def _existing(found: Result) -> Done:
    guid = found.text("data/gen_info/guid")
    if not guid:
        raise errors.unreadable("a customer without guid", CUSTOMER_GET.command)
    status = found.text("data/gen_info/status")
    warnings = () if status in ("", "0") else (f"the customer account is not active (status {status})",)
    return Done(guid, {"id": found.id, "login": found.text("data/gen_info/login")}, warnings)


def _taken(customer: HostingCustomer, refused: Rejected | None) -> Rejected:
    return Rejected(
        "login_taken",
        f"the login {customer.login!r} belongs to someone else on this server",
        vendor_code=refused.vendor_code if refused else None,
        fields=("/login",),
    )


def _general(customer: HostingCustomer) -> Values:
    return {
        "cname": customer.company,
        "pname": customer.name,
        "login": customer.login,
        "passwd": customer.password,
        "phone": customer.phone,
        "email": customer.email,
        "address": customer.address,
        "city": customer.city,
        "state": customer.state,
        "pcode": customer.postal_code,
        "country": customer.country,
        "locale": customer.locale,
        "external-id": marks.customer(customer.customer_id),
    }
