"""How improbable so many are: the upper tail of the Poisson distribution, as a logarithm.

The logarithm, because a fault of hundreds of apps is less probable than the smallest number there is, and of two such
the smaller still has to be told.
"""

import math


def log_tail(mean: float, at_least: int) -> float:
    """ln P(X >= at_least), X Poisson with this mean; -inf where that cannot be.

    Up to the rounding of doubles exact: a sum of terms, no approximation by another distribution.
    """
    if at_least <= 0:
        return 0.0
    if mean <= 0:
        return -math.inf
    if at_least <= mean:  # a large share: one minus the few below it
        below = math.fsum(math.exp(_log_term(mean, count)) for count in range(at_least))
        return math.log1p(-below) if below < 1 else -math.inf
    # The first term, and the others by it: each is smaller than the one before.
    total, term, count = 1.0, 1.0, at_least
    while term > total * 1e-17:
        count += 1
        term *= mean / count
        total += term
    return _log_term(mean, at_least) + math.log(total)


def _log_term(mean: float, count: int) -> float:
    return count * math.log(mean) - mean - math.lgamma(count + 1)
