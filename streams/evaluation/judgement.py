"""Judgement of one event: does it count, and is it good? The programme's four indicators, row by row."""

from typing import Final, Protocol

PRODUCTION: Final = "PROD"
SLOW_CHECK_MS: Final = 3_000  # a health check has to answer in under 3 s
LATE_BRIDGE_MS: Final = 12_000  # an iframe that bridges later stays a failure
DELIVERED: Final = (200, 204)

# Outcomes: the odd ones are bad; those from APP_GOOD on were reported by the app itself.
# Plain integers, no enum: the hot path compares them a million times a second.
NOT_COUNTED: Final = -1
GOOD: Final = 0
BAD: Final = 1
APP_GOOD: Final = 2
APP_BAD: Final = 3


class HealthCheck(Protocol):
    """What is read of a health check."""

    status_code: int | None
    duration_in_millis: float | None
    group: str | None


class IframeLoad(Protocol):
    """What is read of an iframe load."""

    source: str
    bridge_in_millis: float | None
    status: str | None
    group: str | None


class Delivery(Protocol):
    """What is read of a webhook delivery."""

    status_code: int | None
    fault_owner: str | None
    group: str | None


class SyntheticTest(Protocol):
    """What is read of a synthetic test."""

    status: str


class InstallationCallback(Delivery, Protocol):
    """What is read of an installation callback."""

    lifecycle: str


def judge_health_check(event: HealthCheck) -> int:
    """Good: exactly 200 in under 3,000 ms."""
    if event.group is not None and event.group != PRODUCTION:
        return NOT_COUNTED
    duration_ms = event.duration_in_millis
    return GOOD if event.status_code == 200 and duration_ms is not None and duration_ms < SLOW_CHECK_MS else BAD


def judge_iframe_load(event: IframeLoad) -> int:
    """Good: a host event that bridged within 12,000 ms; an app event with SUCCESS."""
    if event.group is not None and event.group != PRODUCTION:
        return NOT_COUNTED
    if event.source == "APP":
        return APP_GOOD if event.status == "SUCCESS" else APP_BAD
    bridge_ms = event.bridge_in_millis
    return GOOD if bridge_ms is not None and bridge_ms <= LATE_BRIDGE_MS else BAD


def judge_delivery(event: Delivery) -> int:
    """Good: 200 or 204. A failure of the platform is nobody's."""
    if event.fault_owner is not None and event.fault_owner == "PLATFORM":  # None is told at once, text is compared
        return NOT_COUNTED
    if event.group is not None and event.group != PRODUCTION:
        return NOT_COUNTED
    return GOOD if event.status_code in DELIVERED else BAD


def judge_installation(event: InstallationCallback) -> int:
    """Only `installed` counts; otherwise as any delivery."""
    return judge_delivery(event) if event.lifecycle == "installed" else NOT_COUNTED


def judge_synthetic_test(event: SyntheticTest) -> int:
    """Good: SUCCESS, as the app says itself."""
    return GOOD if event.status == "SUCCESS" else BAD
