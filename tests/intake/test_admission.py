"""What is let in, what is turned away and why, and which reason comes first."""

import re
from typing import Any

import orjson
import pytest

from schemas.rejected import RejectReason
from streams.evaluation.listings import Listing
from streams.intake.admission import Admission
from streams.intake.checking import checked
from streams.kafka.excerpt import excerpt, size_of
from streams.names import IFRAME, WEBHOOK
from tests.build import Stored, admission
from tests.model.build import DEFAULTS, ORDINARY, clock_ms

APP = "com.example.app"
NOON_MS = clock_ms("12:00")
STRUCTURED = ("content-type", b"application/cloudevents+json")
REROUTED = ("rerouted-from", b"slo-streams/slo.webhook.v1/0@7")


def value(**fields: Any) -> bytes:
    return orjson.dumps({"appKey": APP, "time": NOON_MS, **ORDINARY[WEBHOOK.id], **fields})


def sized(length: int) -> bytes:
    """A good record of exactly so many bytes."""
    return value(pad="x" * (length - len(value(pad=""))))


def incoming(raw: bytes | None = None, **given: Any) -> Stored:
    return Stored(**{"timestamp": NOON_MS, "key": APP.encode(), "value": value() if raw is None else raw, **given})


def admit(*records: Stored, clock_ms: int | None = None, is_at_home: bool = True) -> Admission:
    to = admission(WEBHOOK, DEFAULTS["webhook-delivery-15m"], is_at_home=lambda _key: is_at_home)
    to.admit(records, clock_ms)
    return to


def counted(to: Admission) -> list[tuple[str, str, int, int, int]]:
    """App, scope, start of the pane, good and bad."""
    pane_ms = to.evaluator.pane_ms
    return [
        (*series.key, pane * pane_ms, good, bad)
        for series in to.evaluator.series.values()
        for pane, good, bad in series.by_host
    ]


def total(to: Admission) -> int:
    return sum(good + bad for *_, good, bad in counted(to))


def reasons(admission: Admission) -> list[str]:
    return [rejection.reason.value for rejection in admission.rejected]


def test_an_event_counts_where_it_belongs() -> None:
    bad = value(time="2026-03-02T13:00:00.0009+01:00", statusCode=500)
    to = admit(incoming(bad), incoming(value(product="Trello")))
    assert counted(to) == [(APP, "Jira", NOON_MS, 0, 1), (APP, "Trello", NOON_MS, 1, 0)]
    assert (to.rejected, to.misplaced, to.not_counted) == ([], [], 0)


@pytest.mark.parametrize(
    ("fields", "clients"), [({"group": "DEV"}, ()), ({}, ["c-1"])], ids=["another group", "an excluded client"]
)
def test_an_event_that_does_not_count_moves_time(fields: dict[str, Any], clients: list[str]) -> None:
    to = admission(WEBHOOK, DEFAULTS["webhook-delivery-15m"])
    to.listings.add(APP, Listing((), tuple(clients)), None)
    to.admit([incoming(value(**fields))], None)
    assert (counted(to), to.not_counted, to.evaluator.watermark_ms) == ([], 1, NOON_MS)


def test_without_an_objective_nothing_counts() -> None:
    to = admission(WEBHOOK)
    to.admit([incoming()], None)
    assert (counted(to), to.not_counted, to.evaluator.watermark_ms) == ([], 1, NOON_MS)


def test_a_series_that_its_own_event_lets_go_begins_anew() -> None:
    """The boundary that an event makes due is judged before the event counts."""
    later_ms = NOON_MS + 3_600_000
    to = admit(incoming(), incoming(value(time=later_ms), timestamp=later_ms))
    assert counted(to) == [(APP, "Jira", later_ms, 1, 0)]
    assert to.evaluator.take_dirty()[-1:] == list(to.evaluator.series.values())


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(incoming(sized(65_537)), "too_large", id="one byte too large"),
        pytest.param(incoming(b"{" * 65_537), "too_large", id="too large before not JSON"),
        pytest.param(incoming(b""), "not_json", id="empty"),
        pytest.param(Stored(key=APP.encode()), "not_json", id="null"),
        pytest.param(incoming(b"{"), "not_json", id="cut short"),
        pytest.param(incoming(value() + b"\xff"), "not_json", id="invalid UTF-8"),
        pytest.param(incoming(value().replace(b"204", b"NaN")), "not_json", id="NaN"),
        pytest.param(incoming(value(extra=1).replace(b":1}", b":" + b"[" * 2000 + b"]" * 2000 + b"}")), "not_json"),
        pytest.param(incoming(b"{", key=b"other"), "not_json", id="not JSON before misplaced"),
        pytest.param(incoming(b"[]"), "schema", id="not an object"),
        pytest.param(incoming(b"null"), "schema", id="JSON null"),
        pytest.param(incoming(value(event=None)), "schema", id="required"),
        pytest.param(incoming(value(statusCode="200")), "schema", id="type"),
        pytest.param(incoming(value(faultOwner="NOBODY")), "schema", id="closed list"),
        pytest.param(incoming(value(time="2026-03-02T12:00:00")), "schema", id="no offset"),
        pytest.param(incoming(value(time=946_684_799_999)), "schema", id="before 2000"),
        pytest.param(incoming(value(time=4_133_980_800_000)), "schema", id="after 2100"),
        pytest.param(incoming(value(statusCode=True), key=None), "schema", id="schema before misplaced"),
        pytest.param(incoming(value(time=1), timestamp=0), "schema", id="schema before future time"),
        pytest.param(incoming(key=b"other", headers=(REROUTED,)), "misplaced", id="misplaced twice"),
        pytest.param(
            incoming(value(time=NOON_MS + 60_001), key=None, headers=(REROUTED,)),
            "misplaced",
            id="misplaced before future time",
        ),
        pytest.param(incoming(value(time=NOON_MS + 60_001)), "future_time", id="future"),
        pytest.param(incoming(timestamp=0), "future_time", id="timestamp of 1970"),
    ],
)
def test_rejection(record: Stored, reason: str) -> None:
    to = admit(record)
    assert (counted(to), to.misplaced) == ([], [])
    assert reasons(to) == [reason]
    assert to.rejected[0].record == excerpt(record)
    assert to.rejected[0].detail


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (sized(70_000), "70,000 bytes; at most 65,536"),
        (value(time=NOON_MS + 90_500), "90.500 s after"),
        (value(time="noon"), "time: .*RFC 3339"),
        (value(statusCode="x", event=None), "event: .*; statusCode: "),
    ],
)
def test_the_detail_says_what_is_wrong(raw: bytes, words: str) -> None:
    (rejection,) = admit(incoming(raw)).rejected
    assert re.search(words, rejection.detail)


@pytest.mark.parametrize(
    ("record", "seen_ms"),
    [
        pytest.param(incoming(timestamp=NOON_MS + 5_000), NOON_MS, id="the event's time"),
        pytest.param(incoming(timestamp=NOON_MS - 5_000), NOON_MS - 5_000, id="the timestamp, if earlier"),
        pytest.param(incoming(timestamp=NOON_MS - 60_000), NOON_MS - 60_000, id="60 s ahead is allowed"),
        pytest.param(incoming(timestamp=None), None, id="none without a timestamp"),
        pytest.param(incoming(timestamp=-1), None, id="nor with Kafka's sign for none"),
    ],
)
def test_the_time_seen(record: Stored, seen_ms: int | None) -> None:
    to = admit(record)
    assert counted(to) == [(APP, "Jira", NOON_MS, 1, 0)]
    assert to.evaluator.watermark_ms == seen_ms


def test_the_wall_clock_caps_the_time_seen_and_nothing_else() -> None:
    to = admit(incoming(), clock_ms=NOON_MS - 1)
    assert counted(to) == [(APP, "Jira", NOON_MS, 1, 0)]
    assert to.evaluator.watermark_ms == NOON_MS - 1
    assert admit(incoming(), clock_ms=NOON_MS + 1).evaluator.watermark_ms == NOON_MS


def test_without_a_timestamp_the_partitions_latest_tells_what_is_in_the_future() -> None:
    def later(milliseconds: int, timestamp: int | None = None) -> Stored:
        return incoming(value(time=NOON_MS + milliseconds), timestamp=timestamp)

    to = admit(later(3_600_000), incoming(), later(3_600_000, NOON_MS), later(60_000), later(60_001))
    assert [rejection.detail for rejection in to.rejected] == [
        "3600.000 s after the record's timestamp",
        "60.001 s after the partition's latest timestamp",
    ]
    assert total(to) == 3
    assert to.evaluator.latest_ms == NOON_MS


@pytest.mark.parametrize(("timestamp", "is_counted"), [(NOON_MS - 1, True), (NOON_MS, False), (None, False)])
def test_a_client_is_excluded_by_the_time_of_the_record(timestamp: int | None, is_counted: bool) -> None:
    to = admission(WEBHOOK, DEFAULTS["webhook-delivery-15m"])
    to.listings.add(APP, Listing((), ()), None)
    to.listings.add(APP, Listing((), ("c-1",)), NOON_MS)
    to.admit([incoming(timestamp=timestamp)], None)
    assert total(to) == is_counted


def test_the_largest_record_is_let_in() -> None:
    assert total(admit(incoming(sized(65_536)))) == 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((STRUCTURED,), id="plain"),
        pytest.param((("Content-Type", b"Application/CloudEvents+JSON; charset=UTF-8"),), id="case and parameter"),
        pytest.param((("trace", None), STRUCTURED), id="behind another"),
    ],
)
def test_a_structured_cloud_event_is_unwrapped(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    wrapped = b'{"specversion":"1.0","id":"1","type":"t","source":"s","data":%s}' % value(statusCode=500)
    assert counted(admit(incoming(wrapped, headers=headers))) == [(APP, "Jira", NOON_MS, 0, 1)]


@pytest.mark.parametrize("raw", [value(), b'{"specversion":"1.0"}', b'{"data":null}', b'{"data":"text"}', b"[]"])
def test_a_structured_cloud_event_without_an_event_is_not_one(raw: bytes) -> None:
    assert reasons(admit(incoming(raw, headers=(STRUCTURED,)))) == ["schema"]


def test_binary_mode_and_other_headers_change_nothing() -> None:
    binary = (("ce_specversion", b"1.0"), ("content-type", b"application/json"), ("x", None), ("content-type", None))
    assert total(admit(incoming(headers=binary))) == 1


def test_one_structured_record_does_not_change_how_its_neighbours_are_read() -> None:
    wrapped = incoming(b'{"data":%s}' % value(), headers=(STRUCTURED,))
    to = admit(incoming(offset=0), wrapped, incoming(b"{"), incoming(offset=3))
    assert total(to) == 3
    assert reasons(to) == ["not_json"]


def test_one_record_too_large_does_not_change_how_its_neighbours_are_read() -> None:
    to = admit(incoming(), incoming(sized(65_537), offset=7), incoming(b"["), incoming())
    assert total(to) == 2
    assert [(one.record.offset, one.reason) for one in to.rejected] == [(7, "too_large"), (0, "not_json")]


@pytest.mark.parametrize(
    "record", [incoming(key=None), incoming(key=b""), incoming(key=b"other"), incoming(key=APP.encode() + b" ")]
)
def test_a_record_under_a_wrong_key_is_to_be_put_right(record: Stored) -> None:
    to = admit(record)
    assert (counted(to), to.rejected) == ([], [])
    (misplaced,) = to.misplaced
    assert (misplaced.record, misplaced.app_key) == (record, APP)


def test_a_record_in_a_wrong_partition_is_to_be_put_right_every_time() -> None:
    to = admit(incoming(), incoming(), is_at_home=False)
    assert (counted(to), len(to.misplaced), to.evaluator.watermark_ms) == ([], 2, None)


def test_a_key_that_was_right_for_one_app_is_not_right_for_another() -> None:
    to = admit(incoming(), incoming(value(appKey="com.example.other")), incoming())
    assert total(to) == 2
    assert [misplaced.app_key for misplaced in to.misplaced] == ["com.example.other"]


def looked_at(group: str | None, *numbers: int) -> list[bytes]:
    """The keys whose partition was worked out for events of these apps."""
    looked_at: list[bytes] = []

    def is_at_home(key: bytes) -> bool:
        looked_at.append(key)
        return True

    to = admission(WEBHOOK, DEFAULTS["webhook-delivery-15m"], is_at_home=is_at_home)
    apps = [f"app-{number}" for number in numbers]
    to.admit([incoming(value(appKey=app, group=group), key=app.encode()) for app in apps], None)
    assert total(to) + to.not_counted == len(numbers)
    return looked_at


def test_an_app_is_placed_once() -> None:
    assert looked_at(None, 1, 2, 1, 1, 2) == [b"app-1", b"app-2"]


def test_apps_without_a_series_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.intake.admission.KEYS_REMEMBERED", 3)
    assert looked_at("DEV", 1, 2, 3, 1, 4, 1, 1) == [b"app-1", b"app-2", b"app-3", b"app-4", b"app-1"]


def test_a_copy_of_another_application_counts_nowhere_and_moves_nothing() -> None:
    """Nor is it rejected: whoever made it is to say what is wrong with it."""
    others = [("rerouted-from", b"canary/slo.webhook.v1/0@7"), ("redriven-from", b"canary/schema/slo.webhook.v1/0@7")]
    copies = [incoming(raw, headers=(other,)) for raw in (value(), b"{") for other in others]
    to = admit(*copies, incoming(headers=(REROUTED, others[0])), incoming(key=b"other", headers=(others[0],)))
    assert (counted(to), to.rejected, to.misplaced, to.not_counted) == ([], [], [], 0)
    assert to.foreign_copies == 6
    assert to.evaluator.watermark_ms is None


def test_a_copy_is_as_old_as_its_original() -> None:
    headers = (REROUTED, ("rerouted-timestamp", str(NOON_MS - 60_000).encode()))
    to = admit(incoming(value(time=NOON_MS - 1), headers=headers, timestamp=NOON_MS + 3_600_000))
    assert to.evaluator.watermark_ms == NOON_MS - 60_000
    to = admit(incoming(value(time=NOON_MS + 1), headers=headers, timestamp=NOON_MS + 3_600_000))
    assert reasons(to) == ["future_time"]


def test_a_rerouted_record_that_is_at_home_counts() -> None:
    assert total(admit(incoming(headers=(REROUTED,)))) == 1


def test_every_event_of_a_pane_counts_and_its_series_changed_once() -> None:
    bad, next_ms = value(statusCode=500), NOON_MS + 60_000
    to = admit(*3 * [incoming()], *3 * [incoming(bad)], incoming(value(time=next_ms), timestamp=next_ms))
    assert counted(to) == [(APP, "Jira", NOON_MS, 3, 3), (APP, "Jira", next_ms, 1, 0)]
    assert (to.bad, to.evaluator.dirty_count) == (3, 1)


def test_counts_add_up_from_chunk_to_chunk() -> None:
    chunk = [incoming(value(group="DEV")), incoming(value(statusCode=500)), incoming()]
    to = admit(*chunk)
    to.admit(chunk, None)
    assert (to.not_counted, to.bad, total(to)) == (2, 2, 4)


def test_a_series_with_a_bad_event_is_watched_and_no_other() -> None:
    to = admit(incoming(value(product="Trello")), *2 * [incoming(value(statusCode=500))])
    assert [series.scope for series in to.evaluator.series.watched] == ["Jira"]


def test_what_an_app_reports_itself_is_counted_beside_what_its_host_reports() -> None:
    to = admission(IFRAME, DEFAULTS["iframe-load-15m"])
    fields = {"appKey": APP, "time": NOON_MS, **ORDINARY[IFRAME.id], "status": "SUCCESS"}
    to.admit([incoming(orjson.dumps({**fields, "source": source})) for source in ("HOST", "APP", "APP")], None)
    (series,) = to.evaluator.series.values()
    assert [list(panes) for panes in (series.by_host, series.its_own())] == [
        [(NOON_MS // to.evaluator.pane_ms, 1, 0)],
        [(NOON_MS // to.evaluator.pane_ms, 2, 0)],
    ]


def test_an_event_counts_in_its_own_pane_and_series_whatever_came_before() -> None:
    later_ms = NOON_MS + 120_000
    times_ms = (later_ms, NOON_MS, later_ms, NOON_MS + 60_000)
    to = admit(
        *(
            incoming(value(time=at_ms, product=product), timestamp=later_ms)
            for at_ms in times_ms
            for product in ("Jira", "Trello")
        )
    )
    assert counted(to) == [
        (APP, product, NOON_MS + 60_000 * minute, count, 0)
        for product in ("Jira", "Trello")
        for minute, count in enumerate((1, 1, 2))
    ]


def test_an_event_that_makes_a_boundary_due_to_the_millisecond_has_it_judged() -> None:
    due_ms = NOON_MS + 60_000 + 10_000
    to = admit(incoming(value(statusCode=500)), incoming(value(time=due_ms), timestamp=due_ms))
    assert [one.boundary_ms for one in to.evaluator.take_transitions()] == [NOON_MS + 60_000]


def test_a_record_without_a_time_lets_the_clock_judge() -> None:
    to = admit(*2 * [incoming(timestamp=None)])
    assert (to.evaluator.can_tick, to.ahead_ms) == (True, NOON_MS)


def test_an_event_as_old_as_its_record_is_not_ahead_of_it() -> None:
    assert admit(incoming()).ahead_ms == 0


def test_what_waits_is_told_in_bytes() -> None:
    refused, misplaced = incoming(b"{" * 50), incoming(key=b"other", headers=(("trace", b"x" * 70),))
    to = admit(refused, refused, misplaced, misplaced)
    of_headers = size_of(misplaced.headers)
    assert of_headers > 70
    assert to.waiting_bytes == 2 * (excerpt(refused).memory_bytes + len(value()) + of_headers)


def test_a_value_that_was_cut_is_too_large_though_its_beginning_is_an_event() -> None:
    cut = excerpt(incoming(sized(65_536) + b" "))
    to = admission(WEBHOOK, DEFAULTS["webhook-delivery-15m"])
    to.admit([cut], None)
    assert (total(to), reasons(to)) == (0, ["too_large"])


def test_the_largest_value_passes_the_careful_way_too() -> None:
    assert isinstance(checked(WEBHOOK.model, incoming(sized(65_536))), WEBHOOK.model)


def test_what_did_not_pass_is_taken_once() -> None:
    to = admit(incoming(b"{"), incoming(key=b"other"))
    assert to.waiting_bytes > 0
    rejected, misplaced = to.take_unfit()
    assert ([one.reason for one in rejected], [one.app_key for one in misplaced]) == ([RejectReason.NOT_JSON], [APP])
    assert (to.take_unfit(), to.waiting_bytes) == (([], []), 0)


@pytest.mark.parametrize(
    "passed_over",
    [
        pytest.param(incoming(b"{"), id="refused"),
        pytest.param(incoming(key=b"other"), id="misplaced"),
        pytest.param(incoming(value(time=NOON_MS + 60_001)), id="in the future"),
        pytest.param(incoming(value(time=NOON_MS + 600_000), timestamp=None), id="in the future of the partition"),
        pytest.param(incoming(value(time=NOON_MS - 86_400_000)), id="too late"),
        pytest.param(incoming(value(group="DEV")), id="not counted"),
    ],
)
def test_what_is_passed_over_hides_nothing_behind_it(passed_over: Stored) -> None:
    assert total(admit(incoming(), passed_over, incoming())) == 2


def test_what_is_one_series_too_many_hides_nothing_behind_it() -> None:
    to = admission(WEBHOOK, DEFAULTS["webhook-delivery-15m"])
    to.max_series_per_app = 1
    to.admit([incoming(), incoming(value(product="Trello")), incoming()], None)
    assert (total(to), reasons(to)) == (2, ["too_many_series"])


def test_the_first_moment_that_can_still_count_is_not_too_late() -> None:
    later_ms = NOON_MS + 3_600_000
    to = admit(incoming(value(time=later_ms), timestamp=later_ms))
    floor_ms = to.evaluator.floor_ms
    to.admit([incoming(value(time=time_ms), timestamp=later_ms) for time_ms in (floor_ms, floor_ms - 1)], None)
    assert (total(to), reasons(to)) == (2, ["too_late"])


def test_every_copy_of_others_is_counted() -> None:
    foreign = incoming(headers=(("rerouted-from", b"another/slo.webhook.v1/0@7"),))
    to = admit(foreign, foreign)
    to.admit([foreign], None)
    assert (total(to), to.foreign_copies) == (0, 3)


def test_the_latest_event_ahead_of_its_record_is_told() -> None:
    times_ms = (NOON_MS, NOON_MS + 60_001, NOON_MS + 20_000, NOON_MS + 5_000)
    assert admit(*(incoming(value(time=time_ms)) for time_ms in times_ms)).ahead_ms == NOON_MS + 20_000


def test_the_reasons_are_tested_in_the_order_they_are_listed() -> None:
    assert [reason.value for reason in RejectReason] == [
        "too_large",
        "not_json",
        "schema",
        "misplaced",
        "future_time",
        "too_late",
        "too_many_series",
    ]
