"""When something that did not get through is tried again. Pure; seconds."""

from typing import Final

FIRST_S: Final = 10.0
LONGEST_S: Final = 15 * 60.0
GIVE_UP_S: Final = 72 * 3_600.0
"""After how long what never got through is dead."""
LONGEST_ASKED_S: Final = 3_600.0
"""A receiver may ask for more patience than we have, but not for any."""


def wait_s(failures: int, chance: float, retry_after_s: float | None = None) -> float:
    """How long to wait after so many failures in a row, at least one: 10 s, 20 s, 40 s ... 15 min, half as long or half
    as long again by `chance` in [0, 1), so that not all come back at once; never sooner than the receiver asks for.
    """
    planned = FIRST_S * 2.0 ** min(failures - 1, 10) * (0.5 + chance)
    return max(min(planned, LONGEST_S), min(retry_after_s or 0.0, LONGEST_ASKED_S))
