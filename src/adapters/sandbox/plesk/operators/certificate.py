"""certificate: repositories of webspaces, sites and the administrator. Private keys are never shown again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.call import Call, Handler
from adapters.sandbox.plesk.operators.removal import remove_certificate
from adapters.sandbox.plesk.panel import Panel
from adapters.sandbox.plesk.records import Certificate, Site
from adapters.sandbox.plesk.refusals import Code, Refusal, exists, invalid, missing
from adapters.sandbox.plesk.selection import text_of
from provisioner.kernel.secret import Secret

_BITS: Final = ("2048", "3072", "4096")
_SUBJECT: Final = (
    ("country", NameOID.COUNTRY_NAME),
    ("state", NameOID.STATE_OR_PROVINCE_NAME),
    ("location", NameOID.LOCALITY_NAME),
    ("company", NameOID.ORGANIZATION_NAME),
    ("dept", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ("email", NameOID.EMAIL_ADDRESS),
    ("name", NameOID.COMMON_NAME),
)


def generate(call: Call, request: Element) -> Sequence[Element]:
    """A private key and a signing request; nothing is kept."""
    del call
    info = request.find("info")
    bits = text_of(info, "bits")
    if bits not in _BITS:
        raise invalid(f"The key size is one of {', '.join(_BITS)}, not {bits}.")
    key = rsa.generate_private_key(public_exponent=65537, key_size=int(bits))
    signing = x509.CertificateSigningRequestBuilder().subject_name(_subject(info)).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return [answers.ok(answers.leaf("csr", signing.public_bytes(Encoding.PEM).decode()), answers.leaf("pvt", private))]


def _subject(info: Element | None) -> x509.Name:
    given = [(oid, text) for tag, oid in _SUBJECT if (text := text_of(info, tag))]
    try:
        return x509.Name([x509.NameAttribute(oid, text) for oid, text in given])
    except ValueError as error:
        raise invalid(f"The certificate's subject is invalid: {error}") from error


def install(call: Call, request: Element) -> Sequence[Element]:
    """A certificate into a repository. It is used only when a site's `certificate_name` says so."""
    panel, name = call.panel, text_of(request, "name")
    site = _pool(panel, request)
    _check_content(request.find("content"))
    if _find(panel, site, name) is not None:
        raise exists(f"Certificate with name {name} already exists.")
    certificate = Certificate(id=panel.certificates.next_id(), site_id=_id(site), name=name)
    _fill(call, site, certificate, request)
    return [answers.ok()]


def update(call: Call, request: Element) -> Sequence[Element]:
    """New contents for a certificate."""
    panel, site = call.panel, _pool(call.panel, request)
    certificate = _existing(panel, site, text_of(request, "name"))
    _check_content(request.find("content"))
    _fill(call, site, certificate, request)
    return [answers.ok()]


def _fill(call: Call, site: Site | None, certificate: Certificate, request: Element) -> None:
    """Keep what is in a request, and its private key beside it."""
    content = request.find("content")
    filled = replace(certificate, cert=text_of(content, "cert"), ca=text_of(content, "ca"))
    call.panel.private_keys.keep(certificate.id, Secret(text_of(content, "pvt")))
    _note(call, site, call.panel.certificates.save(filled))


def remove(call: Call, request: Element) -> Sequence[Element]:
    """Remove certificates that no site uses, one result each."""
    site = _pool(call.panel, request)
    return [_removed(call, site, (name.text or "").strip()) for name in request.findall("filter/name")]


def _removed(call: Call, site: Site | None, name: str) -> Element:
    try:
        certificate = _existing(call.panel, site, name)
        _check_unused(call.panel, site, name)
    except Refusal as refusal:
        return answers.refused(refusal, answers.leaf("name", name))
    remove_certificate(call.panel, certificate)
    _note(call, site, certificate)
    return answers.ok(answers.leaf("name", name))


def get_pool(call: Call, request: Element) -> Sequence[Element]:
    """The names in repositories; nothing more, no expiry."""
    if request.find("admin") is not None:
        return [answers.ok(_listed(call.panel, 0))]
    return [_pool_result(call.panel, key) for key in request.find("filter") or ()]


def _pool_result(panel: Panel, key: Element) -> Element:
    value = (key.text or "").strip()
    site = _site_of(panel, key.tag, value)
    if site is None:
        return answers.refused(Refusal(Code.OWNER_MISSING, "domain does not exist"), answers.leaf("filter-id", value))
    return answers.ok(answers.leaf("filter-id", value), answers.leaf("id", site.id), _listed(panel, site.id))


def _site_of(panel: Panel, kind: str, value: str) -> Site | None:
    if kind == "domain-id":
        return panel.sites.get(int(value))
    found = panel.sites.where(*(("name", value.lower()) if kind == "domain-name" else ("guid", value)))
    return found[0] if found else None


def _listed(panel: Panel, site_id: int) -> Element:
    found = panel.certificates.where("site_id", site_id)
    return answers.branch("certificates", *(answers.branch("certificate", answers.leaf("name", c.name)) for c in found))


def _pool(panel: Panel, request: Element) -> Site | None:
    """The site whose repository is meant, None for the administrator's. Raises Refusal (1015)."""
    if request.find("admin") is not None:
        return None
    name = text_of(request, "webspace") or text_of(request, "site")
    found = panel.sites.where("name", name.lower())
    if not found or (request.find("webspace") is not None and not found[0].is_main):
        raise Refusal(Code.OWNER_MISSING, "domain does not exist")
    return found[0]


def _find(panel: Panel, site: Site | None, name: str) -> Certificate | None:
    return next((each for each in panel.certificates.where("name", name) if each.site_id == _id(site)), None)


def _existing(panel: Panel, site: Site | None, name: str) -> Certificate:
    certificate = _find(panel, site, name)
    if certificate is None:
        raise missing("Unable to find certificate")
    return certificate


def _check_unused(panel: Panel, site: Site | None, name: str) -> None:
    sites = panel.sites.all() if site is None else panel.sites.where("webspace_id", site.webspace_id)
    if any(_shows(each, name) for each in sites):
        raise Refusal(Code.FAILED, f"Unable to remove certificate {name}: it is used by a site.")


def _shows(site: Site, name: str) -> bool:
    return site.properties.get("certificate_name") == name and site.properties.get("ssl") == "true"


def _check_content(content: Element | None) -> None:
    """Raises Refusal (8002) for a key or certificate that cannot be read, or that do not belong together."""
    try:
        key = load_pem_private_key((text_of(content, "pvt") + "\n").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refusal(Code.BAD_PRIVATE_KEY, "Unable to set pvt content: the private key is invalid.") from error
    text = text_of(content, "cert")
    if text and _public(text) != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Refusal(Code.BAD_PRIVATE_KEY, "Unable to set cert content: it does not belong to the private key.")


def _public(pem: str) -> bytes:
    try:
        key = x509.load_pem_x509_certificate((pem + "\n").encode()).public_key()
    except ValueError as error:
        raise Refusal(Code.BAD_PRIVATE_KEY, "Unable to set cert content: the certificate is invalid.") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _id(site: Site | None) -> int:
    return 0 if site is None else site.id


def _note(call: Call, site: Site | None, certificate: Certificate) -> None:
    reference = "" if site is None else call.panel.webspace_of(site).external_id
    domain = "" if site is None else site.name
    call.effect(certificate, reference, name=certificate.name, domain=domain, fingerprint=_fingerprint(certificate))


def _fingerprint(certificate: Certificate) -> str:
    """The SHA-256 of a certificate (DER), in hex; empty where there is only a key."""
    if not certificate.cert:
        return ""
    return x509.load_pem_x509_certificate(f"{certificate.cert}\n".encode()).fingerprint(hashes.SHA256()).hex()


OPERATIONS: Final[Mapping[str, Handler]] = {
    "certificate.generate": generate,
    "certificate.install": install,
    "certificate.update": update,
    "certificate.remove": remove,
    "certificate.get-pool": get_pool,
}
