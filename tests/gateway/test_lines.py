"""An event that a service sends is taken or refused as its schema says, whichever decoder looks at it."""

import orjson
import pytest

from schemas.json_schema import DIRECTORY
from schemas.json_text import read_json
from streams.gateway.lines import Fault, read_event
from streams.gateway.outbox import OutRecord
from streams.names import METRICS, Metric

EXAMPLES = DIRECTORY.parent / "examples"
OF_RECORD = {metric.record: metric for metric in METRICS.values()}


@pytest.mark.parametrize("metric", OF_RECORD.values(), ids=OF_RECORD)
def test_every_example_is_judged_as_it_should_be(metric: Metric) -> None:
    for file in (EXAMPLES / "good" / metric.record).iterdir():
        value = file.read_bytes()
        assert read_event(value, metric, "t") == OutRecord("t", read_json(value)["appKey"].encode(), value.strip())
    for file in (EXAMPLES / "bad" / metric.record).iterdir():
        example = read_json(file.read_bytes())
        fault = read_event(orjson.dumps(example["record"]), metric, "t")
        assert isinstance(fault, Fault)
        assert example["why"] in str(fault.fault)
    for file in (EXAMPLES / "bad/not-json").iterdir():
        fault = read_event(file.read_bytes(), metric, "t")
        assert isinstance(fault, Fault)
        assert "is not JSON" in str(fault.fault)
