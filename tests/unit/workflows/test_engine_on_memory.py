import pytest

from tests.support.engine.harness import JournalHarness, MemoryHarness
from tests.support.engine_scenarios import EngineScenarios


class TestEngineOnMemory(EngineScenarios):
    @pytest.fixture
    def harness(self) -> JournalHarness:
        return MemoryHarness()
