"""The rights of each role, no more: infra/docs/pages/how-to/security.md as data."""

from streams.names import AVAILABILITY, METRICS, changelog
from tests.e2e.flow import Flow
from tests.secure.access import Match, May, On, Right


def evaluator(flow: Flow) -> list[Right]:
    """What `slo-streams worker` needs."""
    topics = flow.topics
    changelogs = [changelog(flow.application_id, metric) for metric in METRICS.values()]
    return [
        *(
            Right(On.TOPIC, topic, may)
            for topic in (*topics.inputs, *changelogs, topics.alerts, topics.alert_state)
            for may in (May.READ, May.WRITE)
        ),
        *(Right(On.TOPIC, topic, May.READ) for topic in (topics.apps, topics.exclusions)),
        *(
            Right(On.TOPIC, topic, may)
            for topic in (topics.alerts, topics.alert_state)
            for may in (May.READ, May.WRITE)
        ),
        *(Right(On.TOPIC, topic, May.WRITE) for topic in (topics.rejected, topics.heartbeat)),
        Right(On.GROUP, flow.application_id, May.READ),
        *(
            Right(On.TRANSACTIONAL_ID, f"{flow.application_id}-", may, Match.PREFIXED)
            for may in (May.WRITE, May.DESCRIBE)
        ),
    ]


def producer(flow: Flow) -> list[Right]:
    """What any producer of events needs, `slo-streams prober FILE` among them."""
    return [Right(On.TOPIC, topic, May.WRITE) for topic in flow.topics.inputs]


def prober(flow: Flow) -> list[Right]:
    """What `slo-streams prober` needs, which follows the catalogue."""
    return [
        Right(On.TOPIC, flow.topics.input(AVAILABILITY), May.WRITE),
        Right(On.TOPIC, flow.topics.apps, May.READ),
        Right(On.GROUP, f"{flow.application_id}-prober", May.READ),
    ]


def gateway(flow: Flow) -> list[Right]:
    """What `slo-streams gateway` needs."""
    return [
        *(Right(On.TOPIC, topic, May.WRITE) for topic in (*flow.topics.inputs, flow.topics.synthetic)),
        Right(On.TOPIC, flow.topics.installations, May.READ),
        *(Right(On.TOPIC, flow.topics.used_tokens, may) for may in (May.READ, May.WRITE)),
    ]


def keeper(flow: Flow) -> list[Right]:
    """What `slo-streams apps`, `exclude` and `installations` need: those who say what is known beside the events."""
    topics = flow.topics
    return [
        Right(On.TOPIC, topic, may)
        for topic in (topics.apps, topics.exclusions, topics.installations)
        for may in (May.READ, May.WRITE)
    ]


def administrator(flow: Flow) -> list[Right]:
    """What `slo-streams topics --create` needs."""
    names = (flow.prefix, f"{flow.application_id}-")
    return [Right(On.TOPIC, name, may, Match.PREFIXED) for name in names for may in (May.CREATE, May.DESCRIBE)]


def operator(flow: Flow) -> list[Right]:
    """What `slo-streams status` needs."""
    return [
        *(Right(On.TOPIC, topic, May.DESCRIBE) for topic in flow.topics.inputs),
        Right(On.TOPIC, flow.topics.alert_state, May.READ),
        Right(On.GROUP, flow.application_id, May.DESCRIBE),
    ]


def pager(flow: Flow) -> list[Right]:
    """What `slo-streams alerts tail`, or any consumer of alerts in no group, needs."""
    return [Right(On.TOPIC, flow.topics.alerts, May.READ)]
