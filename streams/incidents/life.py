"""What an incident is, made of its timeline.

    found ──▶ candidate ──confirmed──▶ TRIAGE ─▶ INVESTIGATING ─▶ IDENTIFIED ─▶ MONITORING ─▶ RESOLVED ─▶ PIR ─▶ CLOSED
                 └──dismissed──▶ CLOSED   ▲                                                                       ▲
    raised ───────────────────────────────┘   PIR: DRAFT ─▶ SUBMITTED ─▶ SIGNED_OFF by an incident manager ───────┘

Pure: the same entries give the same incident, whenever they are looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from streams.incidents.capabilities import tier_of
from streams.incidents.entry import SYSTEM, Act, Entry, Fault, PirStatus, RaisedBy, State, Verdict, Visibility
from streams.severity.severity import (
    TABLES,
    Impact,
    Kind,
    Level,
    Severity,
    Tables,
    Votes,
    kind_of,
    level_of,
    votes_on,
    while_open,
)

DEFAULT_ZONE: Final = "UTC"


@dataclass(frozen=True, slots=True)
class Pir:
    """A post-incident review: what happened, what is done about it, and whose fault it was."""

    status: PirStatus
    text: str
    actions: Sequence[Mapping[str, Any]]
    system_at_fault: Fault
    signed_off_by: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """All that is known of one; times in epoch ms.

    `app_keys` are those that a person named, `app_count` all that are hit: None where nobody knows. `said` is what
    persons say of it, in place of what is measured; `severity` the latest that held, `peak` the most severe by votes.
    """

    id: str
    raised_by: RaisedBy
    title: str
    start_ms: int
    found_ms: int
    scope: tuple[str, str] | None = None
    app_keys: tuple[str, ...] = ()
    app_count: int | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    good: int = 0
    bad: int = 0
    reporters: frozenset[str] = frozenset()
    trial: bool = False
    verdict: Verdict = Verdict.CONFIRMED
    state: State = State.TRIAGE
    peak: Severity | None = None
    rose_ms: int | None = None
    paged_ms: int | None = None
    confirmed_ms: int | None = None
    investigated_ms: int | None = None
    updated_ms: int | None = None
    ended_ms: int | None = None
    exclusions: tuple[str, ...] = ()
    pir: Pir | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    changed_ms: int = 0
    tables: Tables = TABLES

    @property
    def is_open(self) -> bool:
        """Whether it still has an impact."""
        return self.state.is_open

    @property
    def kind(self) -> Kind:
        """An outage or not: as a person says, else by what history has counted."""
        return Kind(self.said["kind"]) if self.said.get("kind") else kind_of(self.good, self.bad)

    @property
    def level(self) -> Level:
        """Major for an outage, unless a person says otherwise."""
        return Level(self.said["level"]) if self.said.get("level") else level_of(self.kind)

    @property
    def users(self) -> int | None:
        """How many are hit, if anybody knows."""
        return self.said.get("users")

    @property
    def capability(self) -> str | None:
        """What does not work, as the programme calls it."""
        return self.said.get("capability")

    @property
    def fault(self) -> Fault:
        """Whose fault it is, as far as is suspected."""
        return Fault(self.said.get("suspectedFault") or Fault.UNKNOWN)

    @property
    def visibility(self) -> Visibility:
        """Who may see it."""
        return Visibility(self.said.get("visibility") or Visibility.INTERNAL)

    @property
    def zone(self) -> str:
        """IANA zone of its business hours."""
        return self.said.get("zone") or DEFAULT_ZONE

    @property
    def decided(self) -> Severity | None:
        """What a person decided its severity is."""
        return None if self.said.get("severity") is None else Severity[self.said["severity"]]

    def votes(self, at_ms: int) -> Votes:
        """What each path says of it at a time."""
        until_ms = at_ms if self.ended_ms is None else min(at_ms, self.ended_ms)
        return votes_on(
            Impact(
                level=self.level,
                kind=self.kind,
                users=self.users,
                apps=self.app_count,
                tier=tier_of(self.capability),
                duration_ms=max(0, until_ms - self.start_ms),
                reports=len(self.reporters),
            ),
            self.tables,
        )

    def severity(self, at_ms: int) -> Severity | None:
        """How severe it is: as a person decided, else the most severe vote so far; None: a ticket without one."""
        if self.decided is not None:
            return self.decided
        return while_open(self.votes(at_ms).severity, self.peak) if self.is_open else self.peak


def life_of(incident_id: str, entries: Iterable[Entry], tables: Tables = TABLES) -> Incident | None:
    """What became of an incident; entries in their order. None: it was never begun.

    Its severity is by the tables of the programme's rules.
    """
    incident: Incident | None = None
    for entry in entries:
        if incident is None:
            begun = _begun(incident_id, entry)
            incident = None if begun is None else replace(begun, tables=tables)
        else:
            incident = _after(incident, entry)
        if incident is not None:
            incident = replace(incident, changed_ms=max(incident.changed_ms, entry.at_ms))
    return incident


def _begun(incident_id: str, entry: Entry) -> Incident | None:
    data = entry.data
    if entry.act is Act.FOUND:
        scope = data["scopeKind"], data["scopeName"]
        said = {"visibility": Visibility.INTERNAL}
        return Incident(
            incident_id,
            RaisedBy.COMMON_CAUSE,
            data["title"],
            data["start"],
            entry.at_ms,
            scope,
            app_count=data["apps"],
            said=said,
            verdict=Verdict.CANDIDATE,
        )
    if entry.act is not Act.RAISED:
        return None
    apps = tuple(data.get("apps") or ())
    said = {name: data[name] for name in SAID if data.get(name) is not None}
    return Incident(
        incident_id,
        RaisedBy(data["raisedBy"]),
        data["title"],
        data["start"],
        entry.at_ms,
        app_keys=apps,
        app_count=len(apps) or None,
        said=said,
        reporters=frozenset({data["partner"]} if data.get("partner") else ()),
        trial=bool(data.get("trial")),
        confirmed_ms=entry.at_ms,
    )


SAID: Final = ("users", "capability", "kind", "level", "suspectedFault", "visibility", "severity", "zone")
"""What a person may say of an incident; null takes it back."""


def _after(incident: Incident, entry: Entry) -> Incident:
    data, at_ms = entry.data, entry.at_ms
    match entry.act:
        case Act.JOINED:
            return replace(incident, app_count=data["apps"])
        case Act.CONFIRMED:
            said = dict(incident.said) | ({"visibility": data["visibility"]} if data.get("visibility") else {})
            return replace(incident, verdict=Verdict.CONFIRMED, confirmed_ms=at_ms, said=said)
        case Act.DISMISSED:
            return replace(incident, verdict=Verdict.DISMISSED, state=State.CLOSED, ended_ms=incident.ended_ms or at_ms)
        case Act.STATE:
            return _in_state(incident, State(data["state"]), data.get("endedAt"), entry)
        case Act.NOTE if entry.is_public and incident.updated_ms is None:
            return replace(incident, updated_ms=at_ms)
        case Act.REPORTED:
            return replace(incident, reporters=incident.reporters | {data["partner"]})
        case Act.CHANGED:
            changed = _as_said(incident, data)
            return replace(changed, rose_ms=at_ms) if _is_graver(changed, incident, at_ms) else changed
        case Act.MEASURED:
            start_ms = min(incident.start_ms, data["start"])
            return replace(incident, good=data["good"], bad=data["bad"], start_ms=start_ms)
        case Act.SEVERITY:
            return replace(incident, peak=Severity[data["severity"]], rose_ms=at_ms)
        case Act.PAGED:
            return replace(incident, paged_ms=incident.paged_ms or at_ms)
        case Act.TARGET:
            return replace(incident, targets=dict(incident.targets) | {data["target"]: data["outcome"]})
        case Act.APPROVED:
            return replace(incident, exclusions=tuple(data["exclusions"]))
        case Act.PIR:
            status = PirStatus(data["status"])
            by = entry.who if status is PirStatus.SIGNED_OFF else None
            pir = Pir(status, data["text"], data["actions"], Fault(data["systemAtFault"]), by)
            return replace(incident, pir=pir)
    return incident


def _in_state(incident: Incident, state: State, ended_ms: int | None, entry: Entry) -> Incident:
    investigated_ms = incident.investigated_ms
    # Who resolves it has looked into it by then. What ends by itself nobody has.
    if investigated_ms is None and state is not State.TRIAGE and (state.is_open or entry.who != SYSTEM):
        investigated_ms = entry.at_ms
    if state.is_open:
        return replace(incident, state=state, ended_ms=None, investigated_ms=investigated_ms)
    ended_ms = incident.ended_ms or ended_ms or entry.at_ms
    return replace(incident, state=state, ended_ms=ended_ms, investigated_ms=investigated_ms)


def _as_said(incident: Incident, data: Mapping[str, Any]) -> Incident:
    said = {**incident.said, **{name: data[name] for name in SAID if name in data}}
    changed = replace(incident, said=said)
    if data.get("apps") is not None:
        apps = tuple(dict.fromkeys([*incident.app_keys, *data["apps"]]))
        changed = replace(changed, app_keys=apps, app_count=max(len(apps), incident.app_count or 0))
    if data.get("start") is not None:
        changed = replace(changed, start_ms=data["start"])
    return changed


def _is_graver(changed: Incident, before: Incident, at_ms: int) -> bool:
    now, then = changed.severity(at_ms), before.severity(at_ms)
    return now is not None and (then is None or now < then)
