"""webspace: the table of its operations."""

from collections.abc import Mapping
from typing import Final

from adapters.sandbox.plesk.call import Handler
from adapters.sandbox.plesk.operators import subscription_plans, webspace_add, webspace_reports, webspace_settings

OPERATIONS: Final[Mapping[str, Handler]] = {
    "webspace.add": webspace_add.add,
    "webspace.get": webspace_reports.get,
    "webspace.set": webspace_settings.change,
    "webspace.del": webspace_settings.delete,
    "webspace.get_traffic": webspace_reports.get_traffic,
    "webspace.set_traffic": webspace_reports.set_traffic,
    "webspace.get-changed": webspace_reports.get_changed,
    "webspace.get-limit-descriptor": webspace_reports.get_limit_descriptor,
    "webspace.get-permission-descriptor": webspace_reports.get_permission_descriptor,
    "webspace.get-physical-hosting-descriptor": webspace_reports.get_hosting_descriptor,
    **subscription_plans.OPERATIONS,
}
