"""Records of zones in the form in which the DNS carries them (RFC 1035, and those of the later types)."""

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT

TEXT_PIECE = 255


def rdata_of(kind: str, value: str, opt: str = "") -> dns.rdata.Rdata:
    """A record's data. `opt` stands before the value: the priority of an MX, flag and tag of a CAA record, ….

    A text is taken as it is, without quotes, and cut into pieces where it is long. Raises ValueError.
    """
    if kind == "TXT":
        content = value.encode()
        pieces = [content[start : start + TEXT_PIECE] for start in range(0, len(content), TEXT_PIECE)]
        return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, pieces)
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, kind, f"{opt} {value}".strip(), dns.name.root, relativize=False)
    except dns.exception.DNSException as error:
        raise ValueError(f"{value} cannot be the value of a record of type {kind}: {error}") from error
