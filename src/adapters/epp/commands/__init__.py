"""All commands: each function gives one `Command`, to be sent with `Sessions.send`."""

from adapters.epp.commands.contact import contact_check, contact_create, contact_info, contact_update
from adapters.epp.commands.domain import (
    FeeQuery,
    domain_check,
    domain_create,
    domain_delete,
    domain_info,
    domain_renew,
    domain_transfer_approve,
    domain_transfer_cancel,
    domain_transfer_query,
    domain_transfer_reject,
    domain_transfer_request,
)
from adapters.epp.commands.domain_update import (
    Delta,
    domain_replace_dnssec,
    domain_restore_report,
    domain_restore_request,
    domain_update,
    domain_update_auth_code,
    domain_update_dnssec,
)
from adapters.epp.commands.frames import Command
from adapters.epp.commands.host import host_check, host_create, host_delete, host_info, host_rename, host_update
from adapters.epp.commands.poll import poll_ack, poll_request
from adapters.epp.commands.session import hello, login, logout

__all__ = [
    "Command",
    "Delta",
    "FeeQuery",
    "contact_check",
    "contact_create",
    "contact_info",
    "contact_update",
    "domain_check",
    "domain_create",
    "domain_delete",
    "domain_info",
    "domain_renew",
    "domain_replace_dnssec",
    "domain_restore_report",
    "domain_restore_request",
    "domain_transfer_approve",
    "domain_transfer_cancel",
    "domain_transfer_query",
    "domain_transfer_reject",
    "domain_transfer_request",
    "domain_update",
    "domain_update_auth_code",
    "domain_update_dnssec",
    "hello",
    "host_check",
    "host_create",
    "host_delete",
    "host_info",
    "host_rename",
    "host_update",
    "login",
    "logout",
    "poll_ack",
    "poll_request",
]
