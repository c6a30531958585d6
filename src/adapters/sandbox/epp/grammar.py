"""Which elements a request may hold, in which order, as the schemas of the RFCs say; what is not listed is a leaf.

In a model a name without a prefix has the prefix of its parent; `?`, `*`, `+`, `|` and brackets mean what they mean
in a regular expression.
"""

import re
from functools import cache
from typing import Final

ANY: Final = "any"
MODELS: Final[dict[str, str]] = {
    "login": "clID pw newPW? options svcs",
    "options": "version lang",
    "svcs": "objURI+ svcExtension?",
    "svcExtension": "extURI+",
    "domain:check": "name+",
    "domain:info": "name authInfo?",
    "domain:create": "name period? ns? registrant? contact* authInfo",
    "domain:delete": "name",
    "domain:renew": "name curExpDate period?",
    "domain:transfer": "name period? authInfo?",
    "domain:update": "name add? rem? chg?",
    "domain:add": "ns? contact* status*",
    "domain:rem": "ns? contact* status*",
    "domain:chg": "registrant? authInfo?",
    "domain:authInfo": "(pw|ext|null)",
    "domain:ext": ANY,
    "domain:ns": "(hostObj+|hostAttr+)",
    "domain:hostAttr": "hostName hostAddr*",
    "contact:check": "id+",
    "contact:info": "id authInfo?",
    "contact:create": "id postalInfo postalInfo? voice? fax? email authInfo disclose?",
    "contact:delete": "id",
    "contact:transfer": "id authInfo?",
    "contact:update": "id add? rem? chg?",
    "contact:add": "status+",
    "contact:rem": "status+",
    "contact:chg": "(postalInfo postalInfo?)? voice? fax? email? authInfo? disclose?",
    "contact:postalInfo": "name? org? addr?",
    "contact:addr": "(street* city sp? pc? cc)?",
    "contact:authInfo": "(pw|ext)",
    "contact:ext": ANY,
    "contact:disclose": "name* org* addr* voice? fax? email?",
    "host:check": "name+",
    "host:info": "name",
    "host:create": "name addr*",
    "host:delete": "name",
    "host:update": "name add? rem? chg?",
    "host:add": "addr* status*",
    "host:rem": "addr* status*",
    "host:chg": "name",
    "secDNS:create": "maxSigLife? (dsData+|keyData+)",
    "secDNS:update": "rem? add? chg?",
    "secDNS:rem": "(all|dsData+|keyData+)",
    "secDNS:add": "maxSigLife? (dsData+|keyData+)",
    "secDNS:chg": "maxSigLife?",
    "secDNS:dsData": "keyTag alg digestType digest keyData?",
    "secDNS:keyData": "flags protocol alg pubKey",
    "rgp:update": "restore",
    "rgp:restore": "report?",
    "rgp:report": "preData postData delTime resTime resReason statement statement? other?",
    "rgp:preData": ANY,
    "rgp:postData": ANY,
    "rgp:resReason": ANY,
    "rgp:statement": ANY,
    "rgp:other": ANY,
    "fee:check": "currency? command+",
    "fee:command": "period?",
    "fee:create": "currency? fee+ credit*",
    "fee:renew": "currency? fee+ credit*",
    "fee:transfer": "currency? fee+ credit*",
    "fee:update": "currency? fee+ credit*",
    "loginSec:loginSec": "userAgent? pw? newPW?",
    "loginSec:userAgent": "(app tech? os?|tech os?|os)",
}


def fits(name: str, children: list[str]) -> bool:
    """True when an element of this name may hold these children, in this order."""
    model = MODELS.get(name, "")
    return model == ANY or _compiled(name).fullmatch("".join(f"{child} " for child in children)) is not None


@cache
def _compiled(name: str) -> re.Pattern[str]:
    prefix = name.rpartition(":")[0]
    start = f"{prefix}:" if prefix else ""
    named = re.sub(r"[A-Za-z]+", lambda found: f"(?:{start}{found.group()}@)", MODELS.get(name, ""))
    return re.compile(named.replace(" ", "").replace("@", " "))
