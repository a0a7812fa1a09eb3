"""Replay and worker say the same of a record, byte for byte: the same event, or the same reason with the same words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.intake.checking import Rejection
from streams.intake.reading import EventReader
from streams.names import METRICS, Metric, Topics
from streams.replay import Replay, read_line
from streams.replay.line import line_of
from tests.build import Stored, admission
from tests.fuzz.test_records import records
from tests.model.build import defaults_of

LATENESS_MS = 10_000
law = settings(max_examples=400, deadline=None, print_blob=True)


@law
@given(some=st.lists(records(), min_size=1, max_size=4), metric=st.sampled_from(list(METRICS.values())))
def test_a_record_that_went_through_a_file_is_read_as_from_a_broker(some: list[Stored], metric: Metric) -> None:
    reader = EventReader(metric)
    replayed = [read_line(line_of("t", 0, record), 1) for record in some]
    together = [event for event, _ in reader.events(some)]
    assert [event is None for event in together] == [event is None for event, _ in reader.events(replayed)]
    for event, record, again in zip(together, some, replayed, strict=True):
        said, said_again = reader.checked(record), reader.checked(again)
        if isinstance(said, Rejection):
            assert event is None
            assert isinstance(said_again, Rejection)
            assert (said.reason, said.detail) == (said_again.reason, said_again.detail)
        else:
            assert said == said_again


@law
@given(record=records(), metric=st.sampled_from(list(METRICS.values())))
def test_a_record_at_home_has_the_same_verdict(record: Stored, metric: Metric) -> None:
    """One that is not is put right by a worker, and counted where it lies by a replay."""
    to = admission(metric, *defaults_of(metric.id), lateness_ms=LATENESS_MS)
    said = EventReader(metric).checked(record)
    key = record.key if isinstance(said, Rejection) else said.app_key.encode()
    at_home = Stored(0, record.timestamp, key, record.value, tuple(h for h in record.headers if not is_mark(h[0])))
    to.admit([at_home], None)

    topic = Topics().input(metric)
    engine = Replay(defaults_of(metric.id), LATENESS_MS, Topics())
    engine.records([read_line(line_of(topic, 0, at_home), 1)])
    assert +engine.summary.rejected == {rejection.reason: 1 for rejection in to.rejected}


def is_mark(name: str) -> bool:
    """Whether a header says that a record is a copy; those count where their originals do."""
    return name in ("rerouted-from", "redriven-from")
