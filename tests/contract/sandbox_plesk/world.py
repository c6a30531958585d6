"""A stranger who looks at what a Plesk server shows: FTP, HTTP, TLS and DNS by the standard clients."""

import ftplib  # TLS begins before the login
import hashlib
import http.client
import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

import dns.message
import dns.query
import dns.rdatatype
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.sandbox.plesk import RunningPlesk
from tests.contract.sandbox_plesk import wire

HOST = "127.0.0.1"
TOKEN = "httpdocs/.well-known/acme-challenge/token"
SECONDS = 10.0


@contextmanager
def ftp(plesk: RunningPlesk, login: str = "web1", password: str = wire.PASSWORD) -> Iterator[ftplib.FTP_TLS]:
    """A system user who is in, with protected data connections."""
    client = ftplib.FTP_TLS(context=wire.trusting(plesk), timeout=SECONDS)  # noqa: S321 - with TLS
    with client:
        client.connect(HOST, plesk.ftp_port)
        client.login(login, password)
        client.prot_p()
        yield client


def store(client: ftplib.FTP_TLS, path: str = TOKEN, content: bytes = b"proof") -> str:
    """Store a file, and make the folders above it where they are missing."""
    *folders, name = path.split("/")
    for folder in folders:
        try:
            client.cwd(folder)
        except ftplib.error_perm:
            client.mkd(folder)
            client.cwd(folder)
    told = client.storbinary(f"STOR {name}", io.BytesIO(content))
    client.cwd("/")
    return told


def page(
    plesk: RunningPlesk, path: str = "/.well-known/acme-challenge/token", host: str = "example.com", method: str = "GET"
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, plesk.http_port, timeout=SECONDS)
    try:
        connection.request(method, path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def served(plesk: RunningPlesk, name: str, trust: ssl.SSLContext) -> str:
    """The SHA-256 of the certificate that is shown under a name, if it is trusted and covers that name."""
    with (
        socket.create_connection((HOST, plesk.tls_port), timeout=SECONDS) as plain,
        trust.wrap_socket(plain, server_hostname=name) as shown,
    ):
        return hashlib.sha256(shown.getpeercert(binary_form=True) or b"").hexdigest()


def panel_is_shown(plesk: RunningPlesk, name: str = "example.com") -> bool:
    """True when the panel's own certificate is shown under a name that it does not cover."""
    trust = wire.trusting(plesk)
    trust.check_hostname = False
    return served(plesk, name, trust) == plesk.fingerprint


def ask(plesk: RunningPlesk, name: str, kind: str, *, tcp: bool = False) -> dns.message.Message:
    question = dns.message.make_query(name, kind)
    if tcp:
        return dns.query.tcp(question, HOST, port=plesk.dns_port, timeout=SECONDS)
    return dns.query.udp(question, HOST, port=plesk.dns_port, timeout=SECONDS)


def values(plesk: RunningPlesk, name: str, kind: str) -> set[str]:
    """The records of a type in an answer, as text."""
    wanted = dns.rdatatype.from_text(kind)
    return {data.to_text() for rrset in ask(plesk, name, kind).answer if rrset.rdtype == wanted for data in rrset}


def set_site(properties: dict[str, str], key: str = "<id>1</id>") -> str:
    hosting = f"<hosting><vrt_hst>{wire.properties(properties)}</vrt_hst></hosting>"
    return f"<site><set><filter>{key}</filter><values>{hosting}</values></set></site>"


def install(pair: "Pair", name: str = "one", operation: str = "install") -> str:
    content = f"<content><csr/><pvt>{pair.key}</pvt><cert>{pair.certificate}</cert><ca>{pair.authority}</ca></content>"
    body = f"<name>{name}</name><webspace>example.com</webspace>{content}"
    return f"<certificate><{operation}>{body}</{operation}></certificate>"


def use(name: str = "one", *, on: bool = True) -> str:
    return set_site({"ssl": str(on).lower(), "certificate_name": name})


def add_record(kind: str, host: str, value: str, opt: str = "") -> str:
    extra = f"<opt>{opt}</opt>" if opt else ""
    body = f"<type>{kind}</type><host>{host}</host><value>{escape(value)}</value>{extra}"
    return f"<dns><add_rec><site-id>1</site-id>{body}</add_rec></dns>"


class Pair:
    """A key, a certificate for some names, and the authority that signed it; all PEM."""

    def __init__(self, *names: str) -> None:
        authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = _name("An authority")
        authority = _builder(issuer, issuer, authority_key).add_extension(x509.BasicConstraints(True, 0), True)
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        leaf = _builder(_name("A site"), issuer, key).add_extension(alternatives, False)
        signed = leaf.sign(authority_key, hashes.SHA256())
        self.key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.certificate = signed.public_bytes(Encoding.PEM).decode()
        self.authority = authority.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
        self.fingerprint = signed.fingerprint(hashes.SHA256()).hex()

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.authority)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
    )
