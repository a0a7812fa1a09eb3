"""Names are open text: whatever they hold, two series or two incidents are never taken for one."""

from itertools import combinations

from hypothesis import example, given
from hypothesis import strategies as st

from streams.evaluation.incident import incident_id
from streams.evaluation.series import Series, SeriesKey
from streams.tables.rows import META_KEY, decode_series, encode_key, encode_series
from tests.laws.engine import law, run
from tests.model.build import DEFAULTS, clock_ms, delivery
from tests.model.generate import LATENESS_MS

TRICKY = st.text(alphabet="ab|,:\"'[]\\/ \n\x00\u00e9e\u0301\u2028\U0001f600", min_size=1, max_size=5)
KEYS = st.tuples(TRICKY, TRICKY)

COLLIDING: list[SeriesKey] = [
    ("a|b", "c"),
    ("a", "b|c"),
    ('a","b', "c"),
    ("a", 'b","c'),
    ("a\\", "c"),
    ("a", "\\c"),
    ("\u00e9", "c"),
    ("e\u0301", "c"),  # the same letter for people, another name for programs
    ("\\u00e9", "c"),
    ("A", "c"),
    ("a", "c"),
    ("a ", "c"),
    ("meta", "c"),
]


@law
@given(one=KEYS, other=KEYS)
@example(one=("a|b", "c"), other=("a", "b|c"))
def test_row_keys_differ_and_read_back(one: SeriesKey, other: SeriesKey) -> None:
    assert (encode_key(one) == encode_key(other)) is (one == other)
    assert encode_key(one) != META_KEY
    assert decode_series(encode_key(one), encode_series(Series(one))).key == one


@law
@given(one=st.tuples(KEYS, TRICKY), other=st.tuples(KEYS, TRICKY))
def test_incident_ids_differ(one: tuple[SeriesKey, str], other: tuple[SeriesKey, str]) -> None:
    first, second = (incident_id(app, "m", scope, objective, 0) for (app, scope), objective in (one, other))
    assert (first == second) is (one == other)


def test_no_part_of_an_incident_can_be_moved_into_its_neighbour() -> None:
    ids = {incident_id(*parts, 1) for parts in [("a", "b", "c", "d"), ("a,b", "c", "d", ""), ('a","b', "c", "d", "")]}
    assert len(ids) == 3


def test_series_with_colliding_names_are_judged_apart() -> None:
    """Each app fails another number of times, and breaches with exactly that number."""
    log = [
        delivery("12:00", 500, app=app, product=scope)
        for failures, (app, scope) in enumerate(COLLIDING, start=1)
        for _ in range(failures)
    ]
    judged_by = [DEFAULTS["webhook-delivery-15m"]]
    (broker,) = run(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=clock_ms("12:01")).values()
    assert {(alert["appKey"], alert["scope"]): alert["badCount"] for alert in broker.alerts} == {
        key: failures for failures, key in enumerate(COLLIDING, start=1)
    }
    assert all(one["incidentId"] != other["incidentId"] for one, other in combinations(broker.alerts, 2))
    assert set(broker.series) == set(COLLIDING)


def test_alerts_come_in_byte_order() -> None:
    """Bytes of UTF-8, not units of UTF-16: an emoji comes after every letter of the basic plane."""
    apps = ["z", "\uffee", "\U0001f600", "a", "Z", "\u00e9"]
    log = [delivery("12:00", 500, app=app) for app in apps]
    judged_by = [DEFAULTS["webhook-delivery-15m"]]
    (broker,) = run(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=clock_ms("12:01")).values()
    assert [alert["appKey"] for alert in broker.alerts] == sorted(apps, key=str.encode)
