"""The contract of stores, on what the laws use for one: so that what they show holds for the real one, too."""

import pytest

from streams.names import WEBHOOK, Topics
from tests.laws.broker import Broker
from tests.laws.memory_store import MemoryStore
from tests.ownership.store_contract import Harness, StoreContract
from tests.unit.units import UnitHarness


class MemoryHarness(UnitHarness):
    """A partition in memory."""

    def __init__(self) -> None:
        super().__init__(Topics())
        self._broker = Broker()

    def new_store(self) -> MemoryStore:
        """Another owner's store."""
        return MemoryStore(self._broker, self.topics.input(WEBHOOK), self.records)


class TestMemoryStore(StoreContract):
    """As on a broker, without one."""

    @pytest.fixture
    def harness(self) -> Harness:
        """A partition that nobody has read yet."""
        return MemoryHarness()
