"""Certificates in PEM, as far as this adapter looks into them."""

from cryptography import x509


def leaf_of(chain: str) -> x509.Certificate | None:
    """The first certificate of a chain; None when there is none that can be read."""
    try:
        return x509.load_pem_x509_certificates(chain.encode())[0]
    except (ValueError, IndexError):
        return None


def tidy(chain: str) -> str:
    """The chain without anything around its certificates' lines, ending in one line break."""
    return "\n".join(line.strip() for line in chain.strip().splitlines() if line.strip()) + "\n"
