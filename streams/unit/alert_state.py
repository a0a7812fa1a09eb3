"""The alert state held against the stored state when a partition is taken over.

It can be deleted, or lose records, or have been written by another application. What it lacks or tells wrongly is put
right; whose breaches these are decides how. Pure: what lies on the topics is handed in.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import msgspec

from schemas.event_time import epoch_ms
from streams.evaluation.objective import Objective
from streams.evaluation.series import Series, SeriesKey
from streams.exits import RefusalError
from streams.names import Topics
from streams.outlet.outgoing import Outgoing

StateKey = tuple[str, str, str, str]
"""(appKey, metricId, scope, objective)."""


class OtherApplicationError(RefusalError):
    """The outputs are another application's."""

    def __init__(self, topics: Topics, found: str | None, application: str) -> None:
        if found is None:
            said = f"{topics.alert_state} holds records that name no application, as versions before 0.2 wrote them"
            way_on = "delete that topic, which is made anew from the stored state"
        else:
            said = f"{topics.alert_state} holds records of application {found}, and this one is {application}"
            way_on = f"if it takes that one's place, set SLO_REPLACES={found}"
        super().__init__(
            f"{said}: of two on one topic nobody could tell what is breached. For outputs of its own set "
            f"SLO_OUTPUT_PREFIX; {way_on}"
        )


class Shown(NamedTuple):
    """What the alert state shows under a key: whose record it is, the alert, and since when a breach is open, ms."""

    application: str
    alert: bytes
    breached_at_ms: int | None


class _Alert(msgspec.Struct, rename="camel"):
    type: Literal["BREACH", "RECOVERY"]
    breached_at: str
    incident_id: str
    measurement_duration_seconds: int


_read = msgspec.json.Decoder(_Alert).decode


def shown(application: str, alert: bytes) -> Shown | None:
    """What a record shows; None for what is no alert."""
    try:
        read = _read(alert)
        return Shown(application, alert, epoch_ms(read.breached_at) if read.type == "BREACH" else None)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Differences:
    """Where the alert state does not show what is stored.

    `lacking`: open breaches that it does not show, each with its boundary, ms. `over`: shown as open, and not.
    `inherited`: open ones that the records may still bring, once they are read. `taken_up`: open ones of an objective
    that another judge had until now. `others`: records that the application before has left.
    """

    lacking: dict[StateKey, int] = field(default_factory=dict)
    over: dict[StateKey, Shown] = field(default_factory=dict)
    inherited: dict[StateKey, Shown] = field(default_factory=dict)
    taken_up: dict[StateKey, int] = field(default_factory=dict)
    others: dict[StateKey, Shown] = field(default_factory=dict)


def breached_at_ms(breach: bytes) -> int:
    """Since when a breach is open, by its alert."""
    return epoch_ms(_read(breach).breached_at)


def last_boundary_ms(judged_ms: int, objective: Objective | None, breached_at_ms: int) -> int:
    """The last boundary of an objective that was judged; never before its breach."""
    hop_ms = 60_000 if objective is None else objective.hop_ms
    return max(judged_ms // hop_ms * hop_ms, breached_at_ms)


def open_breaches(metric_id: str, series: Iterable[Series]) -> dict[StateKey, int]:
    """The breaches that the stored state holds, and since when, ms."""
    return {
        (one.app_key, metric_id, one.scope, name): state.breached_at_ms
        for one in series
        for name, state in one.states.items()
        if state.breached_at_ms is not None
    }


def differences(
    seen: Mapping[StateKey, Shown],
    stored: Mapping[StateKey, int],
    *,
    application: str,
    elsewhere: Collection[str],
    judged: Collection[str],
    judged_before: Collection[str] | None,
    inherited: Collection[StateKey],
) -> Differences:
    """What has to be put right.

    `judged` names the objectives that are judged here, `elsewhere` those that somebody else judges, whose breaches are
    not touched; `judged_before` those that the stored state was judged by, None where nothing was judged yet;
    `inherited` is what was found earlier.
    """
    found = Differences()
    for key, one in seen.items():
        objective, since_ms = key[3], one.breached_at_ms
        is_others = one.application != application
        if is_others:
            found.others[key] = one
        if objective in elsewhere or since_ms is None or key in inherited or stored.get(key) == since_ms:
            continue
        if is_others or judged_before is None:
            found.inherited[key] = one
        elif key in stored:
            continue  # shown as it stood earlier: below
        elif objective in judged_before:
            found.over[key] = one
        elif objective in judged:
            found.taken_up[key] = since_ms
        # any other is history's, as a level of an error budget is
    for key, breached_ms in stored.items():
        there = seen.get(key)
        if key[3] not in elsewhere and (there is None or there.breached_at_ms != breached_ms):
            found.lacking[key] = breached_ms
            found.others.pop(key, None)
    return found


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a unit has to do about it: `records` to write to the alert state, breaches to wait for, and to go on with.

    `inherited` are alerts by `rows.breach_key`; `known` those of them that are stored already.
    """

    records: list[Outgoing] = field(default_factory=list)
    inherited: dict[bytes, bytes] = field(default_factory=dict)
    known: frozenset[bytes] = frozenset()
    taken_up: list[tuple[SeriesKey, str, int]] = field(default_factory=list)


NOTHING: Final = Settlement()
