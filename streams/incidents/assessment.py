"""What time and facts add to the timeline of an incident: a severity that rose, a response target met or missed."""

from collections.abc import Iterator

from streams.incidents.entry import SYSTEM, Act, Entry, State, Verdict
from streams.incidents.life import Incident
from streams.severity.severity import Severity
from streams.severity.targets import Deadlines, Outcome, deadlines, outcome

INVESTIGATION, UPDATE = "investigation", "update"


def deadlines_of(incident: Incident, at_ms: int) -> Deadlines:
    """Until when what has to be done; none for what was dismissed, or is not severe."""
    if incident.verdict is Verdict.DISMISSED:
        return Deadlines(None, None)
    paged_ms = incident.found_ms if incident.paged_ms is None else incident.paged_ms
    return deadlines(
        incident.severity(at_ms),
        start_ms=incident.start_ms,
        paged_ms=paged_ms,
        rose_ms=incident.rose_ms,
        zone=incident.zone,
        targets=incident.tables.targets,
    )


def outcomes_of(incident: Incident, at_ms: int) -> dict[str, tuple[int, Outcome]]:
    """Response target -> its deadline, and what became of it by a time. What was recorded stands."""
    due = deadlines_of(incident, at_ms)
    found = {}
    for target, deadline_ms, done_ms in (
        (INVESTIGATION, due.investigation_ms, incident.investigated_ms),
        (UPDATE, due.update_ms, incident.updated_ms),
    ):
        is_so = outcome(deadline_ms, done_ms, at_ms)
        if deadline_ms is not None and is_so is not None:
            found[target] = deadline_ms, is_so
    return found


def due_entries(incident: Incident, at_ms: int) -> Iterator[Entry]:
    """What is to be added by now; nothing where all is recorded."""
    rose_to = _rose_to(incident, at_ms)
    if rose_to is not None:
        yield Entry(Act.SEVERITY, at_ms, SYSTEM, data={"severity": rose_to.name})
        return  # deadlines follow from it
    for target, (deadline_ms, is_so) in outcomes_of(incident, at_ms).items():
        if is_so is not Outcome.PENDING and incident.targets.get(target) != is_so:
            when_ms = min(at_ms, deadline_ms) if is_so is Outcome.MISSED else at_ms
            yield Entry(Act.TARGET, when_ms, SYSTEM, data={"target": target, "outcome": is_so})


def _rose_to(incident: Incident, at_ms: int) -> Severity | None:
    if not incident.is_open and incident.state is not State.RESOLVED:
        return None
    if incident.decided is not None:  # it is what a person says: nothing rises
        return None
    voted = incident.votes(at_ms).severity
    return voted if voted is not None and (incident.peak is None or voted < incident.peak) else None
