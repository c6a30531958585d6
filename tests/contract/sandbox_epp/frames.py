"""The bodies of commands."""

CODE = "Our-Code-1234567890"
MOVE = "Move-Me-1234567890"  # the seeded domains' code, from the reference page


def contact_create(
    handle: str = "OWNER-1", *, name: str = "Jan O'Neil & Co", form: str = "int", **replaced: str
) -> str:
    text = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    given = {"city": "Praha", "cc": "CZ", "voice": "+420.123456789", "email": "a@example.com", **replaced}
    return (
        f"<create><contact:create><contact:id>{handle}</contact:id><contact:postalInfo type='{form}'>"
        f"<contact:name>{text}</contact:name><contact:addr><contact:street>1 Main St</contact:street>"
        f"<contact:city>{given['city']}</contact:city><contact:pc>11000</contact:pc>"
        f"<contact:cc>{given['cc']}</contact:cc></contact:addr></contact:postalInfo>"
        f"<contact:voice>{given['voice']}</contact:voice><contact:email>{given['email']}</contact:email>"
        "<contact:authInfo><contact:pw>Contact-Code-123</contact:pw></contact:authInfo>"
        "</contact:create></create>"
    )


def contact_update(handle: str, change: str) -> str:
    return f"<update><contact:update><contact:id>{handle}</contact:id>{change}</contact:update></update>"


def of_contact(verb: str, handle: str, more: str = "") -> str:
    return f"<{verb}><contact:{verb}><contact:id>{handle}</contact:id>{more}</contact:{verb}></{verb}>"


def of_host(verb: str, name: str, more: str = "") -> str:
    return f"<{verb}><host:{verb}><host:name>{name}</host:name>{more}</host:{verb}></{verb}>"


def check(*names: str) -> str:
    return f"<check><domain:check>{''.join(f'<domain:name>{n}</domain:name>' for n in names)}</domain:check></check>"


def create(
    name: str, *, years: str = "1", owner: str = "OWNER-1", servers: str = "", code: str = CODE, unit: str = "y"
) -> str:
    contacts = "".join(f"<domain:contact type='{role}'>{owner}</domain:contact>" for role in ("admin", "tech"))
    registrant = f"<domain:registrant>{owner}</domain:registrant>{contacts}" if owner else ""
    return (
        f"<create><domain:create><domain:name>{name}</domain:name>"
        f"<domain:period unit='{unit}'>{years}</domain:period>{servers}{registrant}"
        f"<domain:authInfo><domain:pw>{code}</domain:pw></domain:authInfo></domain:create></create>"
    )


def host_objects(*names: str) -> str:
    return f"<domain:ns>{''.join(f'<domain:hostObj>{name}</domain:hostObj>' for name in names)}</domain:ns>"


def host_attributes(name: str, *addresses: str) -> str:
    given = "".join(f"<domain:hostAddr ip='v4'>{address}</domain:hostAddr>" for address in addresses)
    return f"<domain:ns><domain:hostAttr><domain:hostName>{name}</domain:hostName>{given}</domain:hostAttr></domain:ns>"


def auth(code: str) -> str:
    return f"<domain:authInfo><domain:pw>{code}</domain:pw></domain:authInfo>"


def info(name: str, code: str | None = None, hosts: str = "all") -> str:
    given = "" if code is None else auth(code)
    return f"<info><domain:info><domain:name hosts='{hosts}'>{name}</domain:name>{given}</domain:info></info>"


def update(name: str, change: str) -> str:
    return f"<update><domain:update><domain:name>{name}</domain:name>{change}</domain:update></update>"


def status(*names: str) -> str:
    return "".join(f"<domain:status s='{name}'/>" for name in names)


def add(what: str) -> str:
    return f"<domain:add>{what}</domain:add>"


def rem(what: str) -> str:
    return f"<domain:rem>{what}</domain:rem>"


def chg(what: str) -> str:
    return f"<domain:chg>{what}</domain:chg>"


def renew(name: str, expiry: str, years: str = "1") -> str:
    return (
        f"<renew><domain:renew><domain:name>{name}</domain:name><domain:curExpDate>{expiry}</domain:curExpDate>"
        f"<domain:period unit='y'>{years}</domain:period></domain:renew></renew>"
    )


def delete(name: str) -> str:
    return f"<delete><domain:delete><domain:name>{name}</domain:name></domain:delete></delete>"


def transfer(op: str, name: str, code: str | None = None, years: str = "") -> str:
    period = f"<domain:period unit='y'>{years}</domain:period>" if years else ""
    given = "" if code is None else auth(code)
    return (
        f"<transfer op='{op}'><domain:transfer><domain:name>{name}</domain:name>{period}{given}"
        "</domain:transfer></transfer>"
    )


def restore(op: str = "request", report: str = "") -> str:
    return f"<rgp:update><rgp:restore op='{op}'>{report}</rgp:restore></rgp:update>"


REPORT = (
    "<rgp:report><rgp:preData>before</rgp:preData><rgp:postData>after</rgp:postData>"
    "<rgp:delTime>2026-01-01T00:00:00.0Z</rgp:delTime><rgp:resTime>2026-01-02T00:00:00.0Z</rgp:resTime>"
    "<rgp:resReason>Registrant error.</rgp:resReason><rgp:statement>It was not sold.</rgp:statement></rgp:report>"
)


def fee(command: str, amount: str, currency: str = "EUR") -> str:
    return f"<fee:{command}><fee:currency>{currency}</fee:currency><fee:fee>{amount}</fee:fee></fee:{command}>"


def fee_check(*commands: str, currency: str = "EUR") -> str:
    asked = "".join(
        f"<fee:command name='{name}'><fee:period unit='y'>1</fee:period></fee:command>" for name in commands
    )
    return f"<fee:check><fee:currency>{currency}</fee:currency>{asked}</fee:check>"


def ds(tag: int = 12345, digest: str = "AB" * 32) -> str:
    return (
        f"<secDNS:dsData><secDNS:keyTag>{tag}</secDNS:keyTag><secDNS:alg>13</secDNS:alg>"
        f"<secDNS:digestType>2</secDNS:digestType><secDNS:digest>{digest}</secDNS:digest></secDNS:dsData>"
    )


KEY = (
    "<secDNS:keyData><secDNS:flags>257</secDNS:flags><secDNS:protocol>3</secDNS:protocol><secDNS:alg>13</secDNS:alg>"
    "<secDNS:pubKey>AQPJ</secDNS:pubKey></secDNS:keyData>"
)
POLL = "<poll op='req'/>"


def ack(number: str) -> str:
    return f"<poll op='ack' msgID='{number}'/>"
