"""What was published and stored, held against a recount of the topics themselves."""

import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import orjson

from tests.e2e.flow import Flow
from tests.faults.counts import overcounted
from tests.faults.state import Place, state_violations
from tests.model import Alert, Record, judge
from tests.model.invariants import broken_pairs, out_of_order, repeated_incidents
from tests.waiting import wait_for

INVARIANTS: Final = {
    "I1": "every stored pane equals a recount of the raw events below the committed offset: none lost, none twice",
    "I2": "watermark and open breaches after recovery are those of a replay from nothing",
    "I3": "every breach and every recovery is published exactly once (read_committed)",
    "I4": "per series and objective breach and recovery alternate; a recovery carries the id of its breach",
    "I5": "in a partition alerts come in the order of their boundaries",
    "I6": "committed offsets never go back, and are those of the stored state",
    "I8": "rows and alerts of an app are those of its own events, whatever others send (part of I1 and the recount)",
}
"""I7 is about the notifier, whose kills are tests of its own: tests/notifier."""
_SETTLED_WITHIN_S: Final = 20.0


@dataclass
class Verdict:
    """`events` lie on the inputs; of the alerts, how many are missing, too many, or not as they should be."""

    events: int = 0
    alerts: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    broken: list[str] = field(default_factory=list)
    problem: str | None = None


async def verdict(flow: Flow) -> Verdict:
    """Check everything that a flow has published and stored; a difference is counted, and told.

    Under the live clock alerts depend on when a record arrived: they are held against the invariants alone.
    """
    log = await flow.input_log()
    published = await flow.alerts()
    found = [alert for alerts in published.values() for alert in alerts]
    said = Verdict(len(log), len(found))
    for alerts in published.values():
        said.broken += [f"I3: {what}" for what in repeated_incidents(alerts)]
        said.broken += [f"I4: {what}" for what in broken_pairs(alerts)]
        said.broken += [f"I5: {what}" for what in out_of_order(alerts)]
    said.broken += await _settled_state_violations(flow, log, published)
    said.broken += overcounted(flow, log, found)
    if said.broken:
        said.problem = "\n".join(said.broken[:10])
    if flow.clock == "event":
        try:
            await flow.check()
        except AssertionError as problem:
            records = [record for _, record in log]
            expected = judge(
                records,
                flow.objectives,
                lateness_ms=flow.lateness_ms,
                partitions=flow.partitions,
                topics=flow.topics,
                application=flow.application_id,
            )
            said.lost, said.duplicated, said.wrong = differences(found, expected.all_alerts)
            said.problem = "\n".join([*traceback.format_exception(problem)[-2:], *said.broken[:10]])
    return said


async def _settled_state_violations(
    flow: Flow, log: list[tuple[int, Record]], published: dict[Place, list[Alert]]
) -> list[str]:
    """A commit is confirmed before its markers lie on all partitions: for a moment they show different states."""
    found: list[str] = []

    async def is_settled() -> bool:
        nonlocal found
        found = await state_violations(flow, log, published)
        return not found

    with suppress(TimeoutError):
        await wait_for(is_settled, _SETTLED_WITHIN_S, "the state to settle")
    return found


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
