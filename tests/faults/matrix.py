"""Every row, by name, and what is left out with its reason."""

from typing import Final

from tests.faults import applications, bounds
from tests.faults.clocks import (
    WRONG_CLOCK_PROGRAM,
    one_producer_is_fast,
    one_worker_is_off,
    some_told_an_hour_ahead,
)
from tests.faults.crashes import at_any_moment, at_commit_steps, deliveries, in_restore
from tests.faults.delay import alert_delay
from tests.faults.disks import WITHOUT_A_DISK, full_for_a_while, on_a_small_disk
from tests.faults.fault import Fault
from tests.faults.ground import behind_a_proxy, three_brokers
from tests.faults.live import LATENESS_MS, WITHIN_SECONDS, kills_and_silence
from tests.faults.loads import burst, hot_key, million_series, take_over
from tests.faults.membership import nothing, storm, zombies
from tests.faults.mistakes import (
    changelog_deleted,
    changelog_ends_in_markers,
    changelog_truncated,
    group_deleted,
    input_recreated,
    partitions_added,
    records_expired,
)
from tests.faults.outages import broker_crashes, network, rolling_bounce
from tests.faults.proxy import Proxy
from tests.faults.row import Row
from tests.faults.scenario import Scenario
from tests.faults.silences import never_ends, reference_deleted
from tests.faults.soak import soak
from tests.faults.sources import late_and_future, poisoned, told_by_a_clock
from tests.faults.traffic import twice_and_out_of_order
from tests.faults.whole import whole
from tests.faults.wide import many_objectives, many_panes
from tests.model.generate import HOUR_MS

STANDING_BY: Final = {"SLO_STANDBY": "1000000"}

_ROWS: Final[tuple[Row, ...]] = (
    Fault("kill-in-commit", "F1", at_commit_steps, workers=3),
    Fault("kill-at-any-moment", "F1", at_any_moment, workers=3),
    Fault("kill-beside-standby", "F1", at_any_moment, workers=3, settings=STANDING_BY),
    Fault("zombie", "F2", zombies),
    Fault("rebalance-storm", "F3", storm),
    Fault("broker-crash", "F4", broker_crashes(3)),
    Fault("rolling-bounce", "F4", rolling_bounce, ground=three_brokers, replicas=3),
    Fault("cut-5s", "F5", network(Proxy.cut, 5), ground=behind_a_proxy),
    Fault("cut-30s", "F5", network(Proxy.cut, 30), ground=behind_a_proxy),
    Fault("blackhole-15s", "F5", network(Proxy.blackhole, 15), ground=behind_a_proxy),
    Fault("latency-2s", "F5", network(lambda proxy: proxy.delay(2), 20), ground=behind_a_proxy),
    Fault("duplicates", "F6", nothing, source=twice_and_out_of_order),
    Fault("late-and-future", "F7", nothing, source=late_and_future),
    Fault("poison", "F8", nothing, source=poisoned),
    Fault(
        "live-clock-kills",
        "F9",
        kills_and_silence,
        source=told_by_a_clock(),
        clock="live",
        lateness_ms=LATENESS_MS,
        objectives=WITHIN_SECONDS,
    ),
    *(
        Fault(
            f"clock-{name}-1h",
            "F9",
            nothing,
            source=told_by_a_clock(ahead_ms),
            clock="live",
            objectives=WITHIN_SECONDS,
            lateness_ms=LATENESS_MS,
            needs_alerts=False,
        )
        for name, ahead_ms in (("ahead", -HOUR_MS), ("behind", HOUR_MS))
    ),
    *(
        Fault(
            f"worker-clock-{name}-1h",
            "F9",
            one_worker_is_off(shift),
            source=told_by_a_clock(),
            clock="live",
            objectives=WITHIN_SECONDS,
            lateness_ms=LATENESS_MS,
            program=WRONG_CLOCK_PROGRAM,
            event_stamp="LogAppendTime",
        )
        for name, shift in (("ahead", "+1h"), ("behind", "-1h"))
    ),
    Fault(
        "producer-clock-ahead-1h",
        "F9",
        one_producer_is_fast,
        source=some_told_an_hour_ahead,
        clock="live",
        objectives=WITHIN_SECONDS,
        lateness_ms=LATENESS_MS,
        event_stamp="LogAppendTime",
    ),
    Scenario("join-never-answered", "liveness", never_ends("joins", "the consumer group has taken no heartbeat for")),
    Scenario("fetch-never-answered", "liveness", never_ends("fetches", "a fetch was not answered for")),
    Scenario("exclusions-deleted", "liveness", reference_deleted),
    Fault("no-disk-for-workers", "F10", nothing, launcher=WITHOUT_A_DISK),
    Fault("broker-disk-full", "F10", full_for_a_while, ground=on_a_small_disk),
    Scenario("many-objectives", "F11", many_objectives),
    Scenario("many-panes", "F11", many_panes),
    Scenario("changelog-deleted", "F12", changelog_deleted),
    Scenario("changelog-truncated", "F12", changelog_truncated),
    Scenario("changelog-ends-in-markers", "F12", changelog_ends_in_markers),
    Scenario("group-deleted", "F13", group_deleted),
    Scenario("records-expired", "F13", records_expired),
    Scenario("input-recreated", "F13", input_recreated),
    Scenario("partitions-added", "F14", partitions_added),
    Scenario("other-prefix", "identity", applications.other_prefix),
    Scenario("other-partitioner", "identity", applications.other_partitioner),
    Scenario("changelog-tail-lost", "identity", applications.changelog_tail_lost),
    Scenario("foreign-commits", "identity", applications.foreign_commits),
    Scenario("alert-state-deleted", "identity", applications.alert_state_deleted),
    Scenario("second-application", "identity", applications.second_application),
    Scenario("canary-beside-production", "identity", applications.canary_beside_production),
    Fault("kill-in-restore", "F15", in_restore, source=deliveries, workers=1),
    Scenario("slow-values", "bounds", bounds.slow_values, session_s=30),
    Scenario("huge-values", "bounds", bounds.huge_values, session_s=30),
    Scenario("large-rejects", "bounds", bounds.large_rejects, session_s=30),
    Scenario("scopes-400k", "bounds", bounds.scopes, partitions=1, session_s=30),
    Scenario("boundary-100k", "bounds", bounds.many_breaches, partitions=1, session_s=30),
    Scenario("burst-5m", "load", burst, session_s=30),
    Scenario("hot-key", "load", hot_key, session_s=30),
    Scenario("million-series", "load", million_series, session_s=60),
    Scenario("take-over-400k", "load", take_over, session_s=10),
    Scenario("alert-delay", "load", alert_delay, session_s=10),
    Fault("soak", "F17", soak, ground=behind_a_proxy),
    Fault("whole", "F17", whole, ground=behind_a_proxy),
    Fault(
        "whole-live",
        "F17",
        whole,
        ground=behind_a_proxy,
        source=told_by_a_clock(),
        clock="live",
        lateness_ms=LATENESS_MS,
        objectives=WITHIN_SECONDS,
        event_stamp="LogAppendTime",
    ),
)

ROWS: Final[dict[str, Row]] = {row.name: row for row in _ROWS}

LEFT_OUT: Final = {
    "F5, 90 s": "a cut of 30 s is longer than every time limit there is; three times that adds waiting, nothing else",
    "F11, oversized alert": "names are at most 256 characters and scopes 2,048, so an alert is a few kilobytes",
    "F16": "the notifier's kills, storms and mail servers that are down are tests of its own: tests/notifier",
    "F17, 24 hours": "the soak is 10 minutes by default; SOAK_S=86400 makes it a day",
}
