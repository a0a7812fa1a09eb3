"""The page as JSON, in the shape of Statuspage's public API, version 2: tools that read those read this."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from streams.incidents.entry import State
from streams.severity.severity import Severity
from streams.short_hash import short_hash
from streams.status_page.facts import Component, Facts, Maintenance, Shown, component_status

_IMPACTS: Final = {None: "none", Severity.SEV3: "minor", Severity.SEV2: "major", Severity.SEV1: "critical"}
_STATES: Final = {
    State.TRIAGE: "investigating",
    State.INVESTIGATING: "investigating",
    State.IDENTIFIED: "identified",
    State.MONITORING: "monitoring",
    State.RESOLVED: "resolved",
    State.PIR: "resolved",
    State.CLOSED: "resolved",
}
_ALL_WELL: Final = "All Systems Operational"
_DESCRIPTIONS: Final = {
    "none": _ALL_WELL,
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major System Outage",
    "maintenance": "Service Under Maintenance",
}
INDICATORS: Final = ("none", "maintenance", "minor", "major", "critical")
STATUSES: Final = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
"""Of a component, the worst last."""
RECENT: Final = 50
"""So many incidents at most, the latest."""

Document = dict[str, Any]


class Shape:
    """The documents of a page called `name` at `url`."""

    def __init__(self, facts: Facts, name: str, url: str | None) -> None:
        self._facts = facts
        self.incidents = sorted(facts.incidents, key=lambda one: one.incident.start_ms, reverse=True)[:RECENT]
        self.open = [one for one in self.incidents if one.incident.is_open]
        changes_ms = [one.incident.changed_ms for one in self.incidents]
        changes_ms += [one.announced_ms for one in facts.maintenances]
        self.page_id = short_hash([name])
        self._url = url or ""
        self.page = {
            "id": self.page_id,
            "name": name,
            "url": self._url,
            "time_zone": "Etc/UTC",
            "updated_at": time_text(max(changes_ms, default=0)),
        }

    def files(self) -> dict[str, Document]:
        """Path below the folder -> its document."""
        components = self.components()
        incidents = [self._incident(one) for one in self.incidents]
        unresolved = [self._incident(one) for one in self.open]
        maintenances = [self._maintenance(one) for one in self._facts.maintenances]
        ahead = [one for one in maintenances if one["status"] != "completed"]
        summary = {"components": components, "incidents": unresolved, "scheduled_maintenances": ahead}
        parts: dict[str, Document] = {
            "summary": {**summary, "status": self.status()},
            "status": {"status": self.status()},
            "components": {"components": components},
            "incidents": {"incidents": incidents},
            "incidents/unresolved": {"incidents": unresolved},
            "scheduled-maintenances": {"scheduled_maintenances": maintenances},
            "scheduled-maintenances/upcoming": {"scheduled_maintenances": _in(maintenances, "scheduled")},
            "scheduled-maintenances/active": {"scheduled_maintenances": _in(maintenances, "in_progress")},
        }
        return {f"api/v2/{name}.json": {"page": self.page, **part} for name, part in parts.items()}

    def status(self) -> Document:
        """All of it in one word."""
        found = [_IMPACTS[one.severity] for one in self.open]
        found = ["minor" if impact == "none" else impact for impact in found]
        if any(self._phase(one) == "in_progress" for one in self._facts.maintenances):
            found.append("maintenance")
        indicator = max(found, key=INDICATORS.index, default="none")
        return {"indicator": indicator, "description": _DESCRIPTIONS[indicator]}

    def components(self) -> list[Document]:
        """Every component with its status; what is no SLI's is there while an incident is of it."""
        known = list(dict.fromkeys([*self._facts.components, *(c for one in self.open for c in one.components)]))
        return [self._component(component, place) for place, component in enumerate(known, start=1)]

    def _component(self, component: Component, place: int) -> Document:
        found = [component_status(one.severity, one.incident.kind) for one in self.open if component in one.components]
        under_work = [one for one in self._facts.maintenances if self._phase(one) == "in_progress"]
        found += ["under_maintenance" for one in under_work if component in one.components]
        since_ms = max((one.incident.changed_ms for one in self.incidents if component in one.components), default=0)
        return {
            "id": component_id(component),
            "name": component.name,
            "status": max(found, key=STATUSES.index, default="operational"),
            "created_at": time_text(0),
            "updated_at": time_text(since_ms),
            "position": place,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.page_id,
            "group": False,
            "only_show_if_degraded": False,
        }

    def _incident(self, one: Shown) -> Document:
        incident = one.incident
        resolved = _STATES[incident.state] == "resolved"
        monitored = next((post.at_ms for post in one.posts if post.state is State.MONITORING), None)
        return {
            "id": incident.id,
            "name": incident.title,
            "status": _STATES[incident.state],
            "created_at": time_text(one.posts[0].at_ms),
            "updated_at": time_text(one.posts[-1].at_ms),
            "monitoring_at": None if monitored is None else time_text(monitored),
            "resolved_at": time_text(incident.ended_ms) if resolved and incident.ended_ms is not None else None,
            "impact": _IMPACTS[one.severity],
            "shortlink": self._link(incident.id),
            "started_at": time_text(incident.start_ms),
            "page_id": self.page_id,
            "incident_updates": [self._update(one, place) for place in range(len(one.posts) - 1, -1, -1)],
            "components": self._affected(one.components),
            "reminder_intervals": None,
        }

    def _update(self, one: Shown, place: int) -> Document:
        post = one.posts[place]
        status = component_status(one.severity, one.incident.kind)
        return {
            "id": short_hash([one.incident.id, post.number]),
            "status": _STATES[post.state],
            "body": post.text,
            "incident_id": one.incident.id,
            "created_at": time_text(post.at_ms),
            "updated_at": time_text(post.at_ms),
            "display_at": time_text(post.at_ms),
            "affected_components": [
                {
                    "code": component_id(component),
                    "name": component.name,
                    "old_status": "operational" if place == 0 else status,
                    "new_status": "operational" if _STATES[post.state] == "resolved" else status,
                }
                for component in one.components
            ],
            "deliver_notifications": False,
            "custom_tweet": None,
            "tweet_id": None,
        }

    def _maintenance(self, one: Maintenance) -> Document:
        phase = self._phase(one)
        return {
            "id": one.id,
            "name": "Planned downtime",
            "status": phase,
            "created_at": time_text(one.announced_ms),
            "updated_at": time_text(one.announced_ms),
            "monitoring_at": None,
            "resolved_at": time_text(one.end_ms) if phase == "completed" and one.end_ms is not None else None,
            "impact": "maintenance",
            "shortlink": self._link(one.id),
            "started_at": time_text(one.start_ms),
            "page_id": self.page_id,
            "scheduled_for": time_text(one.start_ms),
            "scheduled_until": None if one.end_ms is None else time_text(one.end_ms),
            "incident_updates": [],
            "components": self._affected(one.components),
            "reminder_intervals": None,
        }

    def _affected(self, components: Iterable[Component]) -> list[Document]:
        wanted = {component_id(component) for component in components}
        return [one for one in self.components() if one["id"] in wanted]

    def _phase(self, one: Maintenance) -> str:
        if self._facts.at_ms < one.start_ms:
            return "scheduled"
        return "in_progress" if one.end_ms is None or self._facts.at_ms < one.end_ms else "completed"

    def _link(self, name: str) -> str:
        return f"{self._url}/#{name}"


def _in(maintenances: Iterable[Document], status: str) -> list[Document]:
    return [one for one in maintenances if one["status"] == status]


def component_id(component: Component) -> str:
    """The same for ever."""
    return short_hash([component.capability, component.product or ""])


def time_text(time_ms: int) -> str:
    """As Statuspage writes it: 2026-03-02T12:00:00.000Z."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def words(impacts: Sequence[str]) -> str:
    """A status of the API as people read it: `partial_outage` is "Partial outage"."""
    return " ".join(impacts).replace("_", " ").capitalize()
