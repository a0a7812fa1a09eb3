"""An incident as the record of `slo.incidents.v1`: what tools, pages and the API show."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from schemas.event_time import utc_text, utc_text_if_any
from schemas.incidents import Incident
from streams.incidents.assessment import INVESTIGATION, UPDATE, outcomes_of
from streams.incidents.capabilities import tier_of
from streams.incidents.entry import SYSTEM, Act, Entry
from streams.incidents.life import Incident as Life
from streams.plural import number_of
from streams.severity.severity import Severity

MOST_APPS: Final = 1_000
MOST_ENTRIES: Final = 100
MOST_TEXT_BYTES: Final = 256 * 1024  # of the timeline: a record has to fit into what brokers take
_LONGEST: Final = 4_096
_TEAM: Final = "the platform team"


def published(life: Life, timeline: Sequence[Entry], app_keys: Sequence[str], at_ms: int) -> Incident:
    """The record at a time; `app_keys` are all that are hit."""
    votes = life.votes(at_ms)
    return Incident.model_validate(
        {
            "id": life.id,
            "title": life.title,
            "raisedBy": life.raised_by.value,
            "commonCause": None if life.scope is None else dict(zip(("kind", "name"), life.scope, strict=True)),
            "verdict": life.verdict.value,
            "state": life.state.value,
            "severity": _named(life.severity(at_ms)),
            "votes": {
                "numbers": _named(votes.by_numbers),
                "capability": _named(votes.by_capability),
                "reports": _named(votes.by_reports),
                "decision": _named(life.decided),
            },
            "level": life.level.value,
            "kind": life.kind.value,
            "capability": life.capability,
            "tier": None if (tier := tier_of(life.capability)) is None else tier.value,
            "suspectedFault": life.fault.value,
            "apps": sorted(app_keys)[:MOST_APPS],
            "appCount": life.app_count,
            "users": life.users,
            "reports": len(life.reporters),
            "trial": life.trial,
            "visibility": life.visibility.value,
            "start": utc_text(life.start_ms),
            "detectedAt": utc_text(life.found_ms),
            "endedAt": utc_text_if_any(life.ended_ms),
            "deadlines": _deadlines(life, at_ms),
            "exclusions": list(life.exclusions),
            "pir": _pir(life),
            "timeline": _newest([_line(entry) for entry in timeline[-MOST_ENTRIES:]]),
            "time": utc_text(life.changed_ms),
        }
    )


_OF_THE_PLATFORM: Final = (
    "apps",
    "votes",
    "verdict",
    "deadlines",
    "exclusions",
    "pir",
    "suspectedFault",
    "commonCause",
)


def for_partners(record: Mapping[str, Any]) -> dict[str, Any]:
    """What of a record any partner may see who may see the incident: nothing of others' apps, only public entries.

    Who of the platform wrote one is its own business: names of logins are often addresses.
    """
    seen = {name: value for name, value in record.items() if name not in _OF_THE_PLATFORM}
    public = [line for line in record["timeline"] if line["public"]]
    return seen | {"timeline": [line | {"who": SYSTEM if line["who"] == SYSTEM else _TEAM} for line in public]}


def _named(severity: Severity | None) -> str | None:
    return None if severity is None else severity.name


def _deadlines(life: Life, at_ms: int) -> dict[str, Any]:
    done = {INVESTIGATION: life.investigated_ms, UPDATE: life.updated_ms}
    found = {
        name: {"due": utc_text(due_ms), "done": utc_text_if_any(done[name]), "outcome": outcome.value}
        for name, (due_ms, outcome) in outcomes_of(life, at_ms).items()
    }
    return {name: found.get(name) for name in done}


def _pir(life: Life) -> dict[str, Any] | None:
    if life.pir is None:
        return None
    return {
        "status": life.pir.status.value,
        "text": life.pir.text,
        "actions": [dict(one) for one in life.pir.actions],
        "systemAtFault": life.pir.system_at_fault.value,
        "signedOffBy": life.pir.signed_off_by,
    }


def _newest(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of the last lines as there is room for."""
    sizes = accumulate(len(line["text"].encode()) for line in reversed(lines))
    return list(lines[len(lines) - sum(size <= MOST_TEXT_BYTES for size in sizes) :])


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "time": utc_text(entry.at_ms),
        "act": entry.act.value,
        "who": entry.who[:256],
        "text": words_of(entry)[:_LONGEST],
        "public": entry.is_public,
    }


def words_of(entry: Entry) -> str:
    """What an entry tells, in words."""
    data = entry.data
    match entry.act:
        case Act.FOUND:
            apps, partners = number_of(data["apps"], "app"), number_of(data["units"], "partner")
            said = f"{apps} of {partners} began to breach together: {data['title']}"
        case Act.RAISED:
            said = f"raised: {data['title']}"
        case Act.JOINED:
            said = f"{number_of(data['apps'], 'app')} now"
        case Act.CONFIRMED:
            said = "confirmed"
        case Act.DISMISSED:
            said = "dismissed"
        case Act.STATE:
            said = f"now {data['state']}"
        case Act.REPORTED:
            said = f"reported by {data['partner']}"
        case Act.CHANGED:
            said = ", ".join(f"{name}: {'as measured' if value is None else value}" for name, value in data.items())
        case Act.MEASURED:
            events = number_of(data["good"] + data["bad"], "event")
            said = f"{data['bad']:,} of {events} failed since {utc_text(data['start'])}"
        case Act.SEVERITY:
            said = f"severity rose to {data['severity']}"
        case Act.PAGED:
            said = "those on call were told"
        case Act.TARGET:
            said = f"target {data['target']}: {data['outcome']}"
        case Act.APPROVED:
            said = f"the platform's fault: {', '.join(data['exclusions'])} takes it out of every budget"
        case Act.PIR:
            said = f"review {data['status']}, {data['systemAtFault']} at fault"
        case Act.NOTE:
            return entry.why
    return f"{said}. {entry.why}" if entry.why else said
