"""What persons say of an app's standing: appeals and decisions, each with who and why. Nothing is ever changed.

Checked against where the app was told to stand; the ladder, which is made anew from all facts, has the last word.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import psycopg

from streams.plural import number_of
from streams.standing.facts import DAY_MS, Act, Rules, Stage

Connection = psycopg.Connection[tuple[Any, ...]]

_MOST_CHARACTERS: Final = 4_000
_BREACH: Final = "select severity from alert where incident_id = %s and app_key = %s limit 1"
_OPEN_APPEAL: Final = """
select id from appeal where incident_id = %s and not exists (select from decision where appeal = appeal.id)
"""
_APPEAL: Final = "insert into appeal (app_key, incident_id, who, why) values (%s, %s, %s, %s) returning id"
_APPEALED: Final = "select app_key from appeal where id = %s"
_STANDING: Final = "select stage, episodes from standing where app_key = %s"
_OVERRIDE: Final = """
select act, until_ms from decision where app_key = %s and act in ('OVERRIDE', 'END_OVERRIDE') order by id desc limit 1
"""
_NOW: Final = "select now_ms()"
_MISSED: Final = """
select from period_verdict as one join period_verdict as former using (app_key, metric, scope, slo)
where app_key = %s and one.day = (select day from period_end) and former.day = one.day - %s
  and one.is_missed and one.is_covered and former.is_missed and former.is_covered
"""
_COUNTED: Final = """
select episode->>'start' from standing, jsonb_array_elements(episodes) as episode
where app_key = %s and (episode->>'counts')::bool and (episode->>'start')::timestamptz > to_timestamp(%s / 1000.0)
order by 1 desc limit 1
"""
_DECIDE: Final = """
insert into decision (app_key, act, stage, until_ms, appeal, who, why) values (%s, %s, %s, %s, %s, %s, %s) returning id
"""


class DecisionRefusedError(Exception):
    """It cannot be said of this app now; says why, and what can be done."""


class Word(StrEnum):
    """What a person can decide, as people write it."""

    APPROVE = "approve"
    REJECT = "reject"
    REINSTATE = "reinstate"
    OVERRIDE = "override"
    END_OVERRIDE = "end-override"
    ACCEPT_APPEAL = "accept-appeal"
    REJECT_APPEAL = "reject-appeal"

    @property
    def is_of_appeal(self) -> bool:
        """Whether it needs the number of an appeal."""
        return self in (Word.ACCEPT_APPEAL, Word.REJECT_APPEAL)


_ACTS: Final = {
    Word.APPROVE: Act.APPROVE_DEMOTION,
    Word.REJECT: Act.REJECT_DEMOTION,
    Word.REINSTATE: Act.REINSTATE,
    Word.END_OVERRIDE: Act.END_OVERRIDE,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with what it needs: an override a stage and maybe an end, one of an appeal the appeal's number.

    Raises:
        DecisionRefusedError: it lacks what it needs, or has what it does not.
    """

    word: Word
    stage: Stage | None = None
    until_ms: int | None = None
    appeal: int | None = None

    def __post_init__(self) -> None:
        is_override = self.word is Word.OVERRIDE
        if is_override != (self.stage is not None) or (self.until_ms is not None and not is_override):
            raise DecisionRefusedError("An override has a stage and maybe an end, and nothing else has.")
        if self.word.is_of_appeal != (self.appeal is not None):
            raise DecisionRefusedError("Of an appeal, and only then, say which: its number.")


@dataclass(frozen=True, slots=True)
class Person:
    """Who says something, and why; both for the record.

    Raises:
        DecisionRefusedError: one of them is missing, or longer than 4,000 characters.
    """

    who: str
    why: str

    def __post_init__(self) -> None:
        for text, what in ((self.who, "who decides"), (self.why, "why")):
            if not text.strip() or len(text) > _MOST_CHARACTERS or "\0" in text:
                raise DecisionRefusedError(f"Say {what}, in 1 to {_MOST_CHARACTERS:,} characters.")


def appeal(connection: Connection, app_key: str, incident_id: str, person: Person) -> int:
    """Put on record that a breach should not count; the number of the appeal.

    Raises:
        DecisionRefusedError: the app has no such incident that counts, or it is appealed against already.
    """
    severity = _one(connection, _BREACH, incident_id, app_key)
    if severity is None:
        raise DecisionRefusedError(f"{app_key} has no incident {incident_id}. `slo-streams alerts list` shows them.")
    if severity != "page":
        raise DecisionRefusedError(f"Incident {incident_id} is of severity {severity}: only `page` counts.")
    pending = _one(connection, _OPEN_APPEAL, incident_id)
    if pending is not None:
        raise DecisionRefusedError(f"Appeal {pending} of incident {incident_id} waits for a decision already.")
    return int(_one(connection, _APPEAL, app_key, incident_id, person.who, person.why))


def put_on_record(connection: Connection, app_key: str, verdict: Verdict, person: Person, rules: Rules) -> None:
    """Add a decision of any kind.

    Raises:
        DecisionRefusedError: not of this app as it stands now.
    """
    if verdict.appeal is not None:
        is_accepted = verdict.word is Word.ACCEPT_APPEAL
        decide_appeal(connection, app_key, verdict.appeal, person, is_accepted=is_accepted)
    elif verdict.stage is not None:
        override(connection, app_key, verdict.stage, verdict.until_ms, person)
    else:
        decide(connection, app_key, _ACTS[verdict.word], person, rules)


def decide_appeal(connection: Connection, app_key: str, number: int, person: Person, *, is_accepted: bool) -> None:
    """Accept or reject an appeal, also one that was decided otherwise before.

    Raises:
        DecisionRefusedError: the app has no such appeal.
    """
    if _one(connection, _APPEALED, number) != app_key:
        raise DecisionRefusedError(f"{app_key} has no appeal {number}. `slo-streams standing {app_key}` shows its own.")
    act = "ACCEPT_APPEAL" if is_accepted else "REJECT_APPEAL"
    connection.execute(_DECIDE.encode(), [app_key, act, None, None, number, person.who, person.why])


def override(connection: Connection, app_key: str, stage: Stage, until_ms: int | None, person: Person) -> None:
    """Set an app to a stage until a time; None: until somebody ends that.

    Raises:
        DecisionRefusedError: the time is over.
    """
    if until_ms is not None and until_ms <= _now_ms(connection):
        raise DecisionRefusedError("The end of an override has to be still to come.")
    connection.execute(_DECIDE.encode(), [app_key, Act.OVERRIDE, stage, until_ms, None, person.who, person.why])


def decide(connection: Connection, app_key: str, act: Act, person: Person, rules: Rules) -> None:
    """Approve or reject a demotion, reinstate a demoted app, or end an override.

    Raises:
        DecisionRefusedError: that is not due.
    """
    stage = Stage(_one(connection, _STANDING, app_key) or Stage.CLEAR)
    if act is not Act.END_OVERRIDE and _is_overridden(connection, app_key):
        raise DecisionRefusedError(f"{app_key} stands at {stage} by an override: end that first, with end-override.")
    match act:
        case Act.APPROVE_DEMOTION | Act.REJECT_DEMOTION if stage is not Stage.DEMOTION_DUE:
            raise DecisionRefusedError(f"No demotion of {app_key} is due: it stands at {stage}.")
        case Act.REINSTATE:
            _check_reinstatement(connection, app_key, stage, rules)
        case Act.END_OVERRIDE if not _is_overridden(connection, app_key):
            raise DecisionRefusedError(f"There is no override of {app_key} to end.")
    connection.execute(_DECIDE.encode(), [app_key, act, None, None, None, person.who, person.why])


def _is_overridden(connection: Connection, app_key: str) -> bool:
    row = connection.execute(_OVERRIDE.encode(), [app_key]).fetchone()
    return row is not None and row[0] == Act.OVERRIDE and (row[1] is None or row[1] > _now_ms(connection))


def possible(connection: Connection, app_key: str) -> list[Word]:
    """What can be decided of an app where it stands, beside its appeals. A reinstatement may still be refused."""
    if _is_overridden(connection, app_key):
        return [Word.OVERRIDE, Word.END_OVERRIDE]
    stage = Stage(_one(connection, _STANDING, app_key) or Stage.CLEAR)
    due = {Stage.DEMOTION_DUE: [Word.APPROVE, Word.REJECT], Stage.DEMOTED: [Word.REINSTATE]}
    return [*due.get(stage, []), Word.OVERRIDE]


def _check_reinstatement(connection: Connection, app_key: str, stage: Stage, rules: Rules) -> None:
    if stage is not Stage.DEMOTED:
        raise DecisionRefusedError(f"{app_key} is not demoted: it stands at {stage}.")
    days = rules.period_ms // DAY_MS
    period = number_of(days, "day")
    counted = _one(connection, _COUNTED, app_key, _now_ms(connection) - rules.period_ms)
    if counted is not None:
        raise DecisionRefusedError(
            f"{app_key} has a counted episode of {counted}: it can be reinstated after {period} without one."
        )
    if connection.execute(_MISSED.encode(), [app_key, days]).fetchone() is not None:
        raise DecisionRefusedError(f"{app_key} misses a target of {period}: it can be reinstated once all are met.")


def _now_ms(connection: Connection) -> int:
    return int(_one(connection, _NOW))


def _one(connection: Connection, query: str, *values: object) -> Any:
    """The first column of the first row; None without one."""
    row = connection.execute(query.encode(), values).fetchone()
    return None if row is None else row[0]
