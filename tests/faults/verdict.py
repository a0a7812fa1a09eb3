"""What was published, held against the model's recount of the topics."""

import traceback
from collections import Counter
from dataclasses import dataclass

import orjson

from tests.e2e.flow import Flow
from tests.model import Alert, judge
from tests.model.invariants import violations


@dataclass
class Verdict:
    """`events` lie on the inputs; of the alerts, how many are missing, too many, or not as they should be."""

    events: int = 0
    alerts: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    problem: str | None = None


async def verdict(flow: Flow) -> Verdict:
    """Check everything that a flow has published; a difference is counted, and told."""
    log = [record for _, record in await flow.input_log()]
    published = await flow.alerts()
    found = [alert for alerts in published.values() for alert in alerts]
    try:
        await flow.check()
    except AssertionError as problem:
        expected = judge(
            log, flow.objectives, lateness_ms=flow.lateness_ms, partitions=flow.partitions, topics=flow.topics
        )
        lost, duplicated, wrong = differences(found, expected.all_alerts)
        broken = [violation for alerts in published.values() for violation in violations(alerts)]
        said = "\n".join([*traceback.format_exception(problem)[-2:], *broken[:5]])
        return Verdict(len(log), len(found), lost, duplicated, wrong, said)
    return Verdict(len(log), len(found))


def differences(published: list[Alert], expected: list[Alert]) -> tuple[int, int, int]:
    """How many transitions are missing, repeated, and different or uncalled-for."""
    times = Counter(map(_transition, published))
    wanted = {_transition(alert): _text(alert) for alert in expected}
    lost = sum(transition not in times for transition in wanted)
    duplicated = sum(count - 1 for count in times.values())
    wrong = len({_text(alert) for alert in published} - set(wanted.values()))
    return lost, duplicated, wrong


def _transition(alert: Alert) -> tuple[str, str]:
    return alert["incidentId"], alert["type"]


def _text(alert: Alert) -> bytes:
    return orjson.dumps(alert, option=orjson.OPT_SORT_KEYS)
