"""What a Plesk server says about a subscription with a site, and what is asked of it, for scripted servers."""

from provisioner.kernel.secret import Secret
from provisioner.ports.certificates import Challenge, InstalledCertificate, Method, Site
from tests.unit.plesk.scripted import ABSENT, ScriptedServer, webspace

SITE = Site("guid-s", "demo.example", "demo1", Secret("canary-ftp-9"))
KEY_LINES = ("canaryMIGHAgEAMBMGByqGSM49AgEGCCqGSM49", "canaryAwEHBG0wawIBAQQg")
KEY = "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n".format(*KEY_LINES)
LEAF = "-----BEGIN CERTIFICATE-----\nleaf\n-----END CERTIFICATE-----"
ABOVE = "-----BEGIN CERTIFICATE-----\nabove\n-----END CERTIFICATE-----"
CERTIFICATE = InstalledCertificate("provisioner-0123456789abcdef", f"{LEAF}\n{ABOVE}\n", Secret(KEY))
RECORD = Challenge("demo.example", Method.DNS, "_acme-challenge.demo.example", "value-1", "https://ca.example/1")
FILE = Challenge("demo.example", Method.HTTP, "token-1", "token-1.thumbprint", "https://ca.example/2")
ZONE = (
    "<result><status>ok</status><site-id>7</site-id><zone_type>master</zone_type><zone_status>enabled</zone_status>"
    "</result>"
)


def site(
    name: str = "demo.example",
    *,
    number: str = "7",
    webspace_id: str = "7",
    address: str = "192.0.2.7",
    **properties: str,
) -> str:
    listed = "".join(
        f"<property><name>{key}</name><value>{value}</value></property>"
        for key, value in {"ftp_password": "canary-stored-9", **properties}.items()
    )
    return (
        f"<result><status>ok</status><id>{number}</id><data><gen_info><name>{name}</name><ascii-name>{name}</ascii-name>"
        f"<status>0</status><dns_ip_address>{address}</dns_ip_address><htype>vrt_hst</htype>"
        f"<webspace-id>{webspace_id}</webspace-id></gen_info><hosting><vrt_hst>{listed}"
        f"<ip_address>{address}</ip_address></vrt_hst></hosting></data></result>"
    )


def pool(*names: str) -> str:
    listed = "".join(f"<certificate><name>{name}</name></certificate>" for name in names)
    return f"<result><status>ok</status><id>7</id><certificates>{listed}</certificates></result>"


def record(host: str, value: str, *, number: str = "5", kind: str = "TXT") -> str:
    return (
        f"<result><status>ok</status><id>{number}</id><data><site-id>7</site-id><type>{kind}</type>"
        f"<host>{host}</host><value>{value}</value><opt/></data></result>"
    )


def server() -> ScriptedServer:
    """A server with our subscription and its main site; nothing is in its repository or asked of its zone."""
    return (
        ScriptedServer()
        .on("webspace/get", webspace())
        .on("site/get", site())
        .on("certificate/get-pool", pool())
        .on("dns/get", ZONE)
        .on("dns/get_rec", record("www.demo.example.", "demo.example.", kind="CNAME"))
        .on("ip/get", ABSENT)
    )
