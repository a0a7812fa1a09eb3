"""A metric is added by describing it: its event, when that is good, how it is called. All else follows.

In an interpreter of its own, where the description is there before anything reads it, as it is in `streams/names.py`.
"""

import subprocess
import sys
from pathlib import Path

from schemas import EVENTS
from streams.names import METRICS

DESCRIPTION = '''
import streams.names as names
from pydantic import Field
from schemas.fields import EventTime, Text
from schemas.record import Record
from streams.evaluation.judgement import BAD, GOOD

class SearchQuery(Record):
    """One query of an app's search."""
    app_key: Text
    time: EventTime
    scope: Text = Field(alias="index")
    hits: int

SEARCH = names.Metric(
    id="search-success-rate", record="search", title="{scope} Search Success Rate", table="search",
    model=SearchQuery, judge=lambda query: GOOD if query.hits else BAD,
)
names.METRICS[SEARCH.id] = SEARCH
'''

OBJECTIVES = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: search}
spec:
  service: apps
  indicatorRef: search-success-rate
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9}]
  alertPolicies: [search-5m]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: search-5m}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions:
    - kind: AlertCondition
      metadata: {name: below}
      spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 1, lookbackWindow: 5m, alertAfter: 0m}}
"""

PROGRAM = """
import asyncio, io, json, sys
from pathlib import Path
from typer.testing import CliRunner

from streams.cli.app import app
from streams.gateway.documentation import events_documentation
from streams.gateway.lines import METRIC_OF, read_event
from streams.kafka.specs import topics_needed
from streams.settings import Settings

folder = Path(sys.argv[1])
topics = {spec.name for spec in topics_needed(Settings())}
assert {"slo.search.v1", "slo-streams-search-panes-changelog"} <= topics, topics
assert METRIC_OF["search"] is SEARCH
event = b'{"appKey":"com.example.app","time":1772452801000,"index":"Wiki","hits":0}'
record = read_event(event, SEARCH, "slo.search.v1")
assert (record.key, record.value) == (b"com.example.app", event), record
assert "SearchQuery" in json.dumps(events_documentation())

lines = [
    {"topic": "slo.search.v1", "key": "com.example.app", "timestamp": 1772452800000 + second * 1000,
     "value": {"appKey": "com.example.app", "time": 1772452800000 + second * 1000, "index": "Wiki", "hits": second % 2}}
    for second in range(60)
]
log = folder / "log.ndjson"
log.write_text("\\n".join(map(json.dumps, lines)))
checked = CliRunner().invoke(app, ["objectives", "check", str(folder / "objectives.yaml")])
assert checked.exit_code == 0, checked.output
replayed = CliRunner().invoke(app, ["replay", str(log), "--objectives", str(folder / "objectives.yaml")])
assert replayed.exit_code == 0, replayed.output
alerts = [json.loads(line) for line in replayed.stdout.splitlines()]
assert [(a["type"], a["metricName"], a["sliValue"]) for a in alerts] == [("BREACH", "Wiki Search Success Rate", 50.0)]
"""


def test_a_fifth_metric_is_one_description(tmp_path: Path) -> None:
    (tmp_path / "objectives.yaml").write_text(OBJECTIVES)
    run = subprocess.run(
        [sys.executable, "-c", DESCRIPTION + PROGRAM, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_the_public_schemas_and_the_descriptions_name_the_same_events() -> None:
    assert {metric.record: metric.model for metric in METRICS.values()} == EVENTS
