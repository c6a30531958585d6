"""One or more of every command, with all that it can carry."""

from typing import Final

from adapters.epp import commands
from adapters.epp.commands import Command, Delta, FeeQuery
from adapters.epp.namespaces import EXTENSIONS, OBJECTS
from provisioner.kernel.secret import Secret
from provisioner.ports.registrar import (
    DnsKey,
    DsRecord,
    Host,
    Price,
    RegistrarContact,
    Registration,
    Renewal,
    RestoreReport,
    TransferRequest,
)

ALL_EXTENSIONS: Final = frozenset(EXTENSIONS)
CODE: Final = Secret("a&b<c>$+\"'ü")
PRICE: Final = Price("12.345", "EUR")
DS: Final = DsRecord(12345, 13, 2, "A" * 64)
KEY: Final = DnsKey(257, 3, 13, "AQPJ////4Q==")
GLUE: Final = Host("ns1.example.test", ("192.0.2.1", "2001:db8::1"))
FAR: Final = Host("ns1.example.net")
CONTACT: Final = RegistrarContact(
    handle="PABCDEFGHIJKLMNO",
    name="Jan O'Neil & Co",
    organisation="<Unicode>",
    email="jan@example.com",
    phone="+420.123456789",
    fax="+420.123456780",
    street=("Main 1", "Floor 2", "Door 3"),
    city="Praha",
    state="Praha",
    postal_code="110 00",
    country="CZ",
)
PLAIN_CONTACT: Final = RegistrarContact("PAB", "Žaneta Ó", "z@example.com", "+420.1", ("Hlavní 1",), "Plzeň", "CZ")
REGISTRATION: Final = Registration(
    domain="example.test",
    years=2,
    registrant="PABC",
    contacts={"admin": "PABC", "tech": "PABC", "billing": "PABC"},
    hosts=(FAR, Host("ns2.example.net")),
    auth_code=CODE,
    max_price=PRICE,
    dnssec=(DS,),
)
BARE: Final = Registration("example.test", 1, "PABC", {}, (), CODE)
TRANSFER: Final = TransferRequest("example.test", CODE, "2026-01-01T00:00:00Z", 1, PRICE)
REPORT: Final = RestoreReport("example.test", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")

COMMANDS: Final[dict[str, Command]] = {
    "hello": commands.hello(),
    "login": commands.login("registrar-1", Secret("sixteen-at-most"), "en", OBJECTS),
    "logout": commands.logout(),
    "check": commands.domain_check(("a.test", "b.test")),
    "check with fee": commands.domain_check(("a.test",), FeeQuery("create", 2, "EUR")),
    "info": commands.domain_info("a.test"),
    "info with code": commands.domain_info("a.test", CODE, hosts="none"),
    "create": commands.domain_create(REGISTRATION),
    "create, bare": commands.domain_create(BARE),
    "create, hosts as attributes": commands.domain_create(
        Registration("example.test", 1, "PABC", {}, (GLUE, FAR), CODE, dnssec=(KEY,)), "attributes"
    ),
    "renew": commands.domain_renew(Renewal("a.test", "2027-01-01", "2029-01-01", 2, PRICE)),
    "renew, whole time": commands.domain_renew(Renewal("a.test", "2027-01-01T23:59:59Z", "2028-01-01", 1)),
    "delete": commands.domain_delete("a.test"),
    "transfer request": commands.domain_transfer_request(TRANSFER),
    "transfer request, no period": commands.domain_transfer_request(TransferRequest("a.test", CODE, "", 0)),
    "transfer query": commands.domain_transfer_query("a.test"),
    "transfer query with code": commands.domain_transfer_query("a.test", CODE),
    "transfer cancel": commands.domain_transfer_cancel("a.test"),
    "transfer approve": commands.domain_transfer_approve("a.test"),
    "transfer reject": commands.domain_transfer_reject("a.test"),
    "update, all": commands.domain_update(
        "a.test",
        add=Delta((FAR,), (("admin", "PABC"), ("tech", "PABC"), ("tech", "PDEF")), ("clientHold",)),
        remove=Delta((Host("ns9.example.net"),), (("admin", "PXYZ"),), ("clientTransferProhibited",)),
        registrant="PNEW",
    ),
    "update, hosts as attributes": commands.domain_update("a.test", add=Delta((GLUE,)), host_model="attributes"),
    "update, code": commands.domain_update_auth_code("a.test", CODE),
    "update, no code": commands.domain_update_auth_code("a.test", None),
    "update, DS": commands.domain_update_dnssec("a.test", add=(DS,), remove=(DS,)),
    "update, keys": commands.domain_update_dnssec("a.test", add=(KEY,)),
    "replace DS": commands.domain_replace_dnssec("a.test", (DS,)),
    "remove all DS": commands.domain_replace_dnssec("a.test", ()),
    "restore request": commands.domain_restore_request("a.test", PRICE),
    "restore report": commands.domain_restore_report(REPORT),
    "contact check": commands.contact_check(("PABC", "PDEF")),
    "contact info": commands.contact_info("PABC"),
    "contact create": commands.contact_create(CONTACT, CODE),
    "contact create, not ASCII": commands.contact_create(PLAIN_CONTACT, CODE),
    "contact update": commands.contact_update(CONTACT),
    "contact update, cleared": commands.contact_update(PLAIN_CONTACT),
    "host check": commands.host_check(("ns1.a.test",)),
    "host info": commands.host_info("ns1.a.test"),
    "host create": commands.host_create(FAR),
    "host create, glue": commands.host_create(GLUE),
    "host update": commands.host_update("ns1.a.test", add=("192.0.2.2",), remove=("2001:db8::1",)),
    "host rename": commands.host_rename("ns1.a.test", "ns1.b.test"),
    "host delete": commands.host_delete("ns1.a.test"),
    "poll request": commands.poll_request(),
    "poll ack": commands.poll_ack("42"),
}
