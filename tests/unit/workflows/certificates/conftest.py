import pytest

from tests.unit.workflows.certificates.world import CertificateWorld


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> CertificateWorld:
    return CertificateWorld(monkeypatch)
