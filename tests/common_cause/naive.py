"""Common cause by the words of its rule: all scopes, all windows, from nothing, with sixty digits."""

from decimal import Decimal, localcontext
from fractions import Fraction

from streams.common_cause.numbers import MINUTE_MS
from streams.common_cause.onset import Onset
from streams.common_cause.scope import Scope

ORDER = ("region", "product-metric", "product", "metric", "host", "partner", "all")
WINDOW = 15 * MINUTE_MS


def tail(mean: Fraction | float, at_least: int) -> Decimal:
    """P(X >= at_least), X Poisson."""
    with localcontext(prec=120):
        exact = Fraction(mean)
        mu = Decimal(exact.numerator) / Decimal(exact.denominator)
        term, below = (-mu).exp(), Decimal(0)
        for count in range(at_least):
            below += term
            term = term * mu / (count + 1)
        rest, count = Decimal(0), at_least
        while term > Decimal(10) ** -110 * (rest + term) and count < 100_000:
            rest += term
            count += 1
            term = term * mu / count
        return rest if at_least > mu else 1 - below


def mean_of(scope: Scope, past: list[Onset], at_ms: int, day_ms: int) -> Fraction:
    """Mean units per quarter of this hour over 28 days, each of which has data, and no incident."""
    day = 86_400_000
    by_hour = []
    for hour in range(24):
        seen = 0
        for before in range(1, 29):
            for quarter in range(4):
                start = day_ms - before * day + hour * 3_600_000 + quarter * WINDOW
                seen += len(units(scope, [one for one in past if start <= one.at_ms < start + WINDOW]))
        by_hour.append((seen + Fraction(1, 2)) / (28 * 4))
    return max(by_hour[at_ms // 3_600_000 % 24], sum(by_hour, Fraction()) / 24, Fraction(1, 100))


def units(scope: Scope, onsets: list[Onset]) -> set[str]:
    """Partners with an onset in the scope; with a partner, its apps."""
    held = [one for one in onsets if scope in one.scopes]
    return {one.app_key if scope.kind == "partner" else one.unit for one in held}


def opened_at(at_ms: int, free: list[Onset], past: list[Onset], day_ms: int) -> list[tuple[Scope, list[str]]]:
    """Scope and sorted breaches of each incident that begins, in their order; `free` are onsets without one."""
    platform = {one for onset in past for one in onset.scopes if one.kind not in ("host", "partner")}
    theirs = {one for onset in past for one in onset.scopes if one.kind in ("host", "partner")}
    found: list[tuple[Scope, list[str]]] = []
    while True:
        ranked = []
        for scope in {scope for one in free for scope in one.scopes}:
            held = [one for one in free if scope in one.scopes and at_ms - WINDOW < one.at_ms <= at_ms]
            active = len(theirs if scope.kind in ("host", "partner") else platform)
            k = len(units(scope, held))
            p = tail(mean_of(scope, past, at_ms, day_ms), k)
            if len({one.app_key for one in held}) >= 3 and p <= Decimal(1) / (525_600 * max(1, active)):
                ranked.append((p, k, ORDER.index(scope.kind), scope.name.encode(), scope, held))
        if not ranked:
            return found
        *_, scope, held = min(ranked, key=lambda one: one[:4])
        apps = {one.app_key for one in held}
        free = [one for one in free if one.app_key not in apps]
        found.append((scope, sorted(one.breach_id for one in held)))
