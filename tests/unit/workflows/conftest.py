import pytest

from tests.support.engine.domains import DomainWorld


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> DomainWorld:
    return DomainWorld(monkeypatch)
