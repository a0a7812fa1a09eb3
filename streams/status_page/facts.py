"""What the page is made of: incidents of the platform that a person has posted about, components, maintenances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streams.common_cause.scope import Kind as Place
from streams.incidents.capabilities import OF_METRIC
from streams.incidents.entry import Act, Entry, Fault, State, Verdict, Visibility
from streams.incidents.life import Incident, life_of
from streams.names import AVAILABILITY
from streams.severity.severity import TABLES, Kind, Severity, Tables


@dataclass(frozen=True, slots=True)
class Component:
    """What may not work: a capability, where it has products of one of them."""

    capability: str
    product: str | None = None

    @property
    def name(self) -> str:
        """As people read it."""
        return self.capability if self.product is None else f"{self.product}: {self.capability}"


@dataclass(frozen=True, slots=True)
class Post:
    """What a person said of an incident, and how far it was then."""

    number: int
    at_ms: int
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident on the page; the earliest post first."""

    incident: Incident
    severity: Severity | None
    posts: Sequence[Post]
    components: Sequence[Component]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Downtime that was announced for all apps."""

    id: str
    start_ms: int
    end_ms: int | None
    announced_ms: int
    components: Sequence[Component]


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it at a time."""

    at_ms: int
    components: Sequence[Component]
    incidents: Sequence[Shown]
    maintenances: Sequence[Maintenance]


_OVER: Final = "This is over."


def components_of(products: Sequence[str]) -> list[Component]:
    """Every component there is."""
    code, *others = OF_METRIC.values()
    return [Component(code), *(Component(capability, product) for product in products for capability in others)]


def shown(
    incident_id: str,
    timeline: Sequence[tuple[int, Entry]],
    products: Sequence[str],
    at_ms: int,
    tables: Tables = TABLES,
) -> Shown | None:
    """An incident as the page shows it; None: it does not, or not yet. The first post is a person's."""
    incident = life_of(incident_id, [entry for _, entry in timeline], tables)
    if incident is None or not _is_of_the_platform(incident):
        return None
    posts: list[Post] = []
    state = State.TRIAGE
    for number, entry in timeline:
        if entry.act is Act.STATE:
            state = State(entry.data["state"])
            if state is State.RESOLVED and posts:
                posts.append(Post(number, entry.at_ms, state, _OVER))
        if entry.act is Act.NOTE and entry.is_public:
            posts.append(Post(number, entry.at_ms, state, entry.why))
    if not posts:
        return None
    return Shown(incident, incident.severity(at_ms), posts, affected(incident, products))


def _is_of_the_platform(incident: Incident) -> bool:
    """Never one of a partner's own apps."""
    if incident.trial or incident.verdict is not Verdict.CONFIRMED or incident.visibility is Visibility.INTERNAL:
        return False
    if incident.fault is Fault.UNKNOWN and incident.scope is not None:
        return Place(incident.scope[0]).is_platform
    return incident.fault is Fault.PLATFORM


def affected(incident: Incident, products: Sequence[str]) -> list[Component]:
    """The components that an incident is of."""
    everything = components_of(products)
    if incident.scope is None:
        capability = incident.capability
        named = [one for one in everything if one.capability == capability]
        return named or ([Component(capability)] if capability else everything)
    place, name = Place(incident.scope[0]), incident.scope[1]
    product, _, metric = name.rpartition("/") if place is Place.PRODUCT_METRIC else ("", "", name)
    match place:
        case Place.METRIC:
            return [one for one in everything if one.capability == OF_METRIC[metric]]
        case Place.PRODUCT:
            return [one for one in everything if one.product == name]
        case Place.PRODUCT_METRIC:
            return [Component(OF_METRIC[metric], product)]
        case Place.REGION:
            return [Component(OF_METRIC[AVAILABILITY.id])]
        case _:
            return everything


def component_status(severity: Severity | None, kind: Kind) -> str:
    """What an incident makes of its components, in Statuspage's words."""
    if severity is Severity.SEV1 and kind is Kind.OUTAGE:
        return "major_outage"
    if severity is not None and severity <= Severity.SEV2 and kind is Kind.OUTAGE:
        return "partial_outage"
    return "degraded_performance"
