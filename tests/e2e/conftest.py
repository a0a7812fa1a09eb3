"""One installation of the product for each end-to-end test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.flow import Flow
from tests.kafka_fixture import Kafka


@pytest.fixture
def flow(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Flow]:
    """A fresh installation with the shipped objectives."""
    flow = Flow(kafka.bootstrap_servers, topic_prefix, tmp_path)
    yield flow
    flow.stop()
