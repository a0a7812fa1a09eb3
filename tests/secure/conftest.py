"""One secured Kafka for the tests of this folder, and an installation of the product on it for each test."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.flow import Flow
from tests.secure.secured_kafka import SecuredKafka, secured_kafka


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """A Kafka where nothing is allowed that was not granted."""
    with secured_kafka(tmp_path_factory.mktemp("secured")) as kafka:
        yield kafka


@pytest.fixture
def flow(secured: SecuredKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Flow]:
    """A fresh installation, as its administrator sees it."""
    flow = Flow(secured.admin_servers, topic_prefix, tmp_path, partitions=1)
    yield flow
    flow.stop()


@pytest.fixture(autouse=True)
def leftovers() -> Iterator[None]:
    """Collect them here, where they are expected, not in a later test."""
    yield
    gc.collect()
