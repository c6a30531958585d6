"""What to do about a stable code: the tables behind docs/reference/codes.md.

The codes themselves live where they are raised and are found there. Here is only what an operator does about them, and
what an attention means, which no single place of the code can say. A code that is missing here gets the usual advice of
its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Attention:
    """Why an operation needs an operator, and what that one does."""

    meaning: str
    remedy: str


_RELEASE: Final = "then `provisioner operations release ID`."

ATTENTIONS: Final[Mapping[str, Attention]] = {
    "account_misconfigured": Attention(
        "The vendor account is set up wrongly, locked or out of licences. It is parked; no order fails for it.",
        "Mend it at the vendor or with `provisioner servers add --replace`, then `provisioner servers resume NAME`.",
    ),
    "certificate_not_replaced": Attention(
        "A certificate is in the last sixth of its lifetime, and no other has taken its place; the sentence says why.",
        "Mend what the sentence names, such as a vendor account that is parked; the renewal goes on by itself.",
    ),
    "key_ring": Attention(
        "A sealed value does not open: the key ring lacks the key.",
        f"Put the key back into the key ring, {_RELEASE}",
    ),
    "money_spent": Attention(
        "A step was refused after another one had cost money, so nothing is undone by itself.",
        "Mend what was refused, then `provisioner operations release ID`; or `provisioner operations give-up ID`.",
    ),
    "no_vendor_account": Attention(
        "No vendor account takes this product in this environment.",
        "`provisioner servers add`; what waits goes on by itself.",
    ),
    "operation_failed": Attention(
        "A command to a service failed for good; no order tells of it.",
        "Read why with `provisioner operations show ID`; send the command again when the cause is mended.",
    ),
    "outcome_unknown": Attention(
        "Nobody knows whether a call took effect at the vendor, and it may not be repeated.",
        "Look at the vendor's, then `provisioner operations resolve ID --happened REF` or `--did-not-happen`.",
    ),
    "past_deadline": Attention(
        "It goes on beyond its deadline, because what was begun has to be finished or undone.",
        "Nothing, if the vendor is only slow; else see why with `provisioner operations show ID`.",
    ),
    "queue_not_read": Attention(
        "No message of a registry could be taken off its queue for an hour; the sentence says why.",
        "Mend what it names, or have the registry remove the message in the way; the reading goes on by itself.",
    ),
    "request_malformed": Attention(
        "A vendor refused an item of an order as malformed or not supported: no customer can correct that.",
        "Look with `provisioner operations show ID --exchanges`; set the account right, or report it as a fault.",
    ),
    "undo_refused": Attention(
        "A finished step could not be undone: the vendor refused.",
        f"Undo it at the vendor's or remove what is in the way, {_RELEASE}",
    ),
    "unexpected_fault": Attention(
        "The operation met a fault of the program.",
        f"Report it, with the log; after the mended version runs, {_RELEASE.removeprefix('then ')}",
    ),
    "unknown_workflow": Attention(
        "This version of the worker has no such workflow: the operation is of a newer one.",
        f"Run the newer version, {_RELEASE}",
    ),
    "waits_long": Attention(
        "It has waited for an hour without moving; the sentence says what for.",
        "Nothing, if the wait is expected; else mend what it waits for.",
    ),
    "workflow_changed": Attention(
        "The workflow was changed in a way that its journal does not fit; going on could repeat an effect.",
        f"Run the version that began it, {_RELEASE}",
    ),
}

# What the customer reads stands beside it; the codes are those of `workflows.certificates.problems`.
CERTIFICATE_PROBLEMS: Final[Mapping[str, Attention]] = {
    "authority_unavailable": Attention(
        "The authority could not be reached until the deadline.",
        "See `provisioner servers list`; then `certificate.issue.v1` or `certificate.renew.v1`.",
    ),
    "caa_forbids": Attention(
        "A CAA record in the DNS of the domain shuts the authority out.",
        "Have the customer allow the authority in the record, or remove it.",
    ),
    "dns_elsewhere": Attention(
        "A name does not lead to the website; the sentence tells where it leads.",
        "Have the customer correct the DNS. It is seen by itself while the certificate is waited for.",
    ),
    "expired": Attention(
        "A certificate that the customer brought has expired.",
        "A new one, by `certificate.upload.v1`; or `certificate.issue.v1` for a free one.",
    ),
    "expires_soon": Attention(
        "A certificate that nobody renews will expire; told 30, 14, 7 days and one day before. One that is renewed here"
        " could not be replaced until the last sixth of its lifetime.",
        "A new one, by `certificate.upload.v1`; or `certificate.issue.v1` for a free one.",
    ),
    "hosting_gone": Attention("The hosting that the certificate is for is gone.", "Nothing: it needs none any more."),
    "hosting_not_made": Attention(
        "The hosting that the certificate is for was not made in time.",
        "See its order. A certificate that the customer brought is installed within a day after the hosting is there;"
        " one from the authority: `certificate.issue.v1` with the same `certificate_id`.",
    ),
    "identifier_rejected": Attention(
        "The authority issues no certificates for one of the names.",
        "Other names, or an account at another authority.",
    ),
    "no_method": Attention(
        "The server cannot show the authority that the names are the customer's.",
        "See `challenge_methods` of the server; a wildcard needs a server whose own DNS serves the domain.",
    ),
    "not_served": Attention(
        "The certificate is installed, and the website was not seen with it.",
        "See whether the website can be reached; then `certificate.install.v1`.",
    ),
    "order_gone": Attention("The authority gave the order up.", "Nothing: another order is made."),
    "other_in_use": Attention(
        "The website uses another certificate that is valid, newer or the customer's own; it was left alone.",
        "`certificate.install.v1`, if it is to be replaced.",
    ),
    "rate_limited": Attention(
        "The authority, or the limit that is kept here below its own, allows no more for these names now.",
        "Nothing: it is tried again when it is allowed.",
    ),
    "validation_failed": Attention(
        "The authority could not see that a name leads to the website.",
        "Have the customer mend what the sentence tells; it is tried again by itself, less and less often.",
    ),
}

BY_OUTCOME: Final[Mapping[str, str]] = {
    "Rejected": (
        "Final as it stands. In an order: correct the fields that `error.fields` names with `order.retry.v1`, or close"
        " the order. After a command: send it again when the cause is mended."
    ),
    "Unavailable": "Nothing: it was not done, and is tried again until the deadline.",
    "Throttled": "Nothing: it was not done, and is tried again when the vendor allows it.",
    "Uncertain": "Nothing: it is looked up before anything is repeated.",
    "Misconfigured": "Mend the account, at the vendor or with `provisioner servers`, and resume it.",
}

REMEDIES: Final[Mapping[str, str]] = {
    "already_here": "The account has the domain and we do not know it as this customer's: decide whose it is.",
    "broker_unavailable": "See to the broker; nothing is lost, what waits goes on by itself.",
    "deadline_exceeded": "Mend the cause, then `order.retry.v1`, or the command once more.",
    "duplicate_message": "Nothing: the first one counts.",
    "given_up": "An operator ended it. `order.retry.v1` tries it again; `order.close.v1` closes the order.",
    "id_reused": "Find out which of the two is meant; send that under an id of its own.",
    "invalid_transition": "The sentence names what the status allows.",
    "key_ring": "Put the key back into the file that `PROVISIONER_KEY_RING` names.",
    "price_too_high": "Ask the customer for a higher `max_price`, and give it with `order.retry.v1`.",
    "lease_lost": "Nothing: another worker has gone on with it.",
    "no_adapter": "Install the adapter that the sentence names, or give the account another.",
    "not_allowed": "Let somebody do it whose role may.",
    "not_migrated": "`provisioner migrate`",
    "requirement_failed": "See the item that it required; a retry of the order tries both.",
    "requirement_missing": "Retry the item that it requires together with it.",
    "store_unavailable": "See to the database; nothing was changed.",
    "superseded": "Nothing: a newer command made it pointless.",
    "topology": "Mend or delete the exchange or queue that the sentence names; the worker declares it again.",
    "unexpected_fault": "Report it, with the log; replay the message when the mended version runs.",
    "wrong_environment": "Send the message with the environment of its order or service.",
}
