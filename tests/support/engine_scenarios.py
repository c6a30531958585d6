"""How the engine behaves, on whichever journal: subclass `EngineScenarios` and give it that journal's harness.

class TestEngineOnMemory(EngineScenarios):
    @pytest.fixture
    def harness(self) -> JournalHarness:
        return MemoryHarness()
"""

import pytest

from tests.support.engine.certificates import CertificateScenarios
from tests.support.engine.claims import ClaimScenarios
from tests.support.engine.compensation import CompensationScenarios, DeadlineScenarios, SupersessionScenarios
from tests.support.engine.follow_ups import FollowUpScenarios
from tests.support.engine.harness import JournalHarness
from tests.support.engine.moves import MoveScenarios
from tests.support.engine.services import FactScenarios, ForeseenScenarios, ServiceScenarios
from tests.support.engine.steps import StepScenarios
from tests.support.engine.uncertainty import UncertaintyScenarios
from tests.support.engine.versions import VersionScenarios
from tests.support.engine.waits import LookScenarios, WaitScenarios
from tests.support.engine.world import World


class EngineScenarios(
    ClaimScenarios,
    StepScenarios,
    UncertaintyScenarios,
    CompensationScenarios,
    DeadlineScenarios,
    SupersessionScenarios,
    WaitScenarios,
    LookScenarios,
    MoveScenarios,
    FactScenarios,
    ForeseenScenarios,
    ServiceScenarios,
    FollowUpScenarios,
    CertificateScenarios,
    VersionScenarios,
):
    """Every scenario. A subclass whose name begins with Test gives the fixture `harness`."""

    @pytest.fixture
    def harness(self) -> JournalHarness:
        """An empty journal."""
        raise NotImplementedError

    @pytest.fixture
    def world(self, harness: JournalHarness, monkeypatch: pytest.MonkeyPatch) -> World:
        """The engine on that journal."""
        return World(harness, monkeypatch)
