"""The operations that are sent, with the order of their elements (content model of protocol 1.6.9.1).

Only what the adapter uses; each table is a part of the model, in the model's order.
"""

from typing import Final

from adapters.plesk.packet import UNIQUE, Command, Operation

_VIRTUAL_HOST: Final = {
    "hosting": ("vrt_hst",),
    "hosting/vrt_hst": ("property", "ip_address"),
    "hosting/vrt_hst/property": ("name", "value"),
}

CUSTOMER_ADD: Final = Operation(
    "customer",
    "add",
    Command.MUTATE,
    order={
        "": ("gen_info",),
        "gen_info": (
            *("cname", "pname", "login", "passwd", "status", "phone", "fax", "email", "address", "city", "state"),
            *("pcode", "country", "locale", "external-id", "description"),
        ),
    },
)
CUSTOMER_GET: Final = Operation(
    "customer",
    "get",
    filters=frozenset({"id", "login", "guid", "external-id"}),
    order={"": ("dataset",), "dataset": ("gen_info", "stat")},
)
CUSTOMER_DEL: Final = Operation("customer", "del", Command.DELETE, frozenset({"id", "guid", "external-id"}))

WEBSPACE_ADD: Final = Operation(
    "webspace",
    "add",
    Command.MUTATE,
    order={
        "": ("gen_setup", "hosting", "plan-guid"),  # the plan comes after hosting, or the answer is 1014
        "gen_setup": ("name", "owner-guid", "htype", "ip_address", "status", "external-id"),
        **_VIRTUAL_HOST,
    },
)
WEBSPACE_GET: Final = Operation(
    "webspace",
    "get",
    filters=UNIQUE | {"owner-guid"},
    order={"": ("dataset",), "dataset": ("gen_info", "hosting", "limits", "stat", "subscriptions", "resource-usage")},
)
WEBSPACE_SET: Final = Operation(
    "webspace",
    "set",
    Command.MUTATE,
    UNIQUE,
    order={"": ("values",), "values": ("gen_setup", "hosting"), "values/gen_setup": ("status",)}
    | {f"values/{path}": names for path, names in _VIRTUAL_HOST.items()},
)
WEBSPACE_DEL: Final = Operation("webspace", "del", Command.DELETE, UNIQUE)
WEBSPACE_SWITCH: Final = Operation(
    "webspace", "switch-subscription", Command.MUTATE, UNIQUE, order={"": ("plan-guid",)}
)

SITE_GET: Final = Operation(
    "site",
    "get",
    filters=frozenset({"id", "name", "guid", "parent-id"}),
    order={"": ("dataset",), "dataset": ("gen_info", "hosting")},
)
SITE_SET: Final = Operation(
    "site",
    "set",
    Command.MUTATE,
    frozenset({"id"}),
    order={
        "": ("values",),
        "values": ("hosting",),
        "values/hosting": ("vrt_hst",),
        "values/hosting/vrt_hst": ("property",),
        "values/hosting/vrt_hst/property": ("name", "value"),
    },
)
CERTIFICATE_POOL: Final = Operation("certificate", "get-pool", filters=frozenset({"domain-id"}))
CERTIFICATE_INSTALL: Final = Operation(
    "certificate",
    "install",
    Command.MUTATE,
    order={"": ("name", "site", "content"), "content": ("csr", "pvt", "cert", "ca")},
)
CERTIFICATE_REMOVE: Final = Operation(
    "certificate", "remove", Command.DELETE, frozenset({"name"}), order={"": ("site",)}
)
ZONE_GET: Final = Operation("dns", "get", filters=frozenset({"site-id"}))
RECORD_GET: Final = Operation("dns", "get_rec", filters=frozenset({"site-id"}))
RECORD_ADD: Final = Operation("dns", "add_rec", Command.MUTATE, order={"": ("site-id", "type", "host", "value")})
RECORD_DEL: Final = Operation("dns", "del_rec", Command.DELETE, frozenset({"id"}))
PLAN_GET: Final = Operation("service-plan", "get", filters=UNIQUE, lists_all=True)
IP_GET: Final = Operation("ip", "get")
PROTOCOLS: Final = Operation("server", "get_protos")
SERVER_GET: Final = Operation("server", "get", order={"": ("key", "gen_info", "stat")})

ALL: Final = (
    *(CUSTOMER_ADD, CUSTOMER_GET, CUSTOMER_DEL),
    *(WEBSPACE_ADD, WEBSPACE_GET, WEBSPACE_SET, WEBSPACE_DEL, WEBSPACE_SWITCH),
    *(SITE_GET, SITE_SET, CERTIFICATE_POOL, CERTIFICATE_INSTALL, CERTIFICATE_REMOVE),
    *(ZONE_GET, RECORD_GET, RECORD_ADD, RECORD_DEL),
    *(PLAN_GET, IP_GET, PROTOCOLS, SERVER_GET),
)
