"""Onsets as tests write them."""

from hypothesis import strategies as st

from streams.common_cause.numbers import DAY_MS, MINUTE_MS
from streams.common_cause.onset import Onset
from streams.common_cause.rates import Rates, Span
from streams.common_cause.scope import Scope, scopes_of

DAY = 60 * DAY_MS  # 00:00 UTC
WEBHOOK, IFRAME, AVAILABILITY = "webhook-delivery-success-rate", "iframe-load-success-rate", "app-availability"
REGIONS = {"*.eu.example.com": "eu"}


def onset(
    app: str, minute: float, *, unit: str | None = None, metric: str = WEBHOOK, scope: str = "Jira", name: str = ""
) -> Onset:
    """An onset so many minutes after the day began; without `unit` the app has a partner of its own."""
    unit = unit or f"partner of {app}"
    scopes = scopes_of(unit, metric, scope, is_product=metric != AVAILABILITY, regions=REGIONS)
    at_ms = DAY + round(minute * MINUTE_MS)
    return Onset(name or f"{app}/{metric}/{scope}@{minute}", app, unit, scopes, at_ms)


def rates(
    past: list[Onset] | None = None,
    *,
    units: int = 12,
    data_days: float | None = 28,
    declared: list[Span] | None = None,
    day_ms: int = DAY,
) -> Rates:
    """Base rates of the day; `data_days` of history before it."""
    from_ms = None if data_days is None else day_ms - round(data_days * DAY_MS)
    return Rates(day_ms, past or [], declared or [], from_ms, lambda _scope: units)


def at(minute: int) -> int:
    """A boundary so many minutes after the day began."""
    return DAY + minute * MINUTE_MS


_URLS = ("https://a.example.com/x", "https://b.eu.example.com", "https://c.eu.example.com", "not a url")

onsets = st.lists(
    st.tuples(
        st.integers(0, 11), st.integers(1, 40), st.sampled_from([WEBHOOK, IFRAME, AVAILABILITY]), st.integers(0, 3)
    ),
    max_size=40,
    unique_by=lambda one: (one[0], one[2], one[3]),
).map(
    lambda drawn: [
        onset(
            f"app-{app}",
            minute,
            unit=f"p{app * 2 // 3}",
            metric=metric,
            scope=_URLS[which] if metric == AVAILABILITY else ("Jira", "Confluence")[which % 2],
            name=f"{app}-{metric}-{which}",
        )
        for app, minute, metric, which in drawn
    ]
)


def scope_names(scopes: list[Scope]) -> list[str]:
    """Scopes as one reads them: `metric app-availability`."""
    return [f"{scope.kind} {scope.name}".strip() for scope in scopes]
