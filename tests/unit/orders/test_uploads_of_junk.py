"""Whatever is uploaded as a certificate or a key is taken or refused with a code; nothing else ever happens."""

import base64
import textwrap
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from provisioner.kernel.secret import Secret
from provisioner.orders.certificate_refusals import CertificateRefused
from provisioner.orders.uploads import check_upload
from tests.unit.orders.certificate_chains import NOW, intermediate, leaf, root

# What the library warns of in damaged certificates is no error in the product either.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

NAMES = ("example.com",)
ROOTS = (root().certificate,)


def upload(certificate: bytes | str, key: str) -> None:
    with suppress(CertificateRefused):
        check_upload(certificate, Secret(key), NAMES, NOW, ROOTS)


def pem(der: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """With some bytes changed, and perhaps cut off."""
    raw = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(1, len(raw)))]) if draw(st.booleans()) else bytes(raw)


@given(certificate=st.binary() | st.text(), key=st.text())
@example(certificate=b"0", key="")
def test_noise_is_refused(certificate: bytes | str, key: str) -> None:
    with pytest.raises(CertificateRefused):
        check_upload(certificate, Secret(key), NAMES, NOW, ROOTS)


@settings(max_examples=500)
@given(der=damaged(leaf().der))
def test_a_damaged_certificate_is_taken_or_refused(der: bytes) -> None:
    upload(pem(der) + intermediate().pem, leaf().secret.reveal())


@settings(max_examples=200)
@given(der=damaged(intermediate().der))
def test_a_damaged_intermediate_is_taken_or_refused(der: bytes) -> None:
    upload(leaf().pem + pem(der) + root().pem, leaf().secret.reveal())


@given(key=damaged(leaf().secret.reveal().encode()))
def test_a_damaged_key_is_taken_or_refused(key: bytes) -> None:
    upload(leaf().pem, key.decode("latin-1"))


@given(raw=damaged(leaf().pem.encode()))
def test_a_damaged_text_is_taken_or_refused(raw: bytes) -> None:
    upload(raw, leaf().secret.reveal())


@given(pieces=st.lists(st.sampled_from([leaf().pem, intermediate().pem, root().pem, "junk\n"]), max_size=12))
def test_a_chain_in_any_order_is_taken_or_refused(pieces: list[str]) -> None:
    upload("".join(pieces), leaf().secret.reveal())
