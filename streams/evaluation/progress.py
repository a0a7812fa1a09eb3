"""How far a partition has been judged, and by what: stored with its state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from streams.evaluation.objective import Objective
from streams.exits import START_OVER, RefusalError
from streams.windows.hopping import LONG_AGO, common_pane

DEFAULT_PANE_MS = 60_000


class PanesDoNotFitError(RefusalError):
    """The hops of the objectives cannot be read from the panes that are stored."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Nothing up to `judged_ms` is ever judged again.

    `watermark_ms` is the greatest time seen; both lie long ago while no record has told the time. `objectives` are
    those the partition is judged by, the removed ones whose breaches have not yet recovered included. `latest_ms` is
    the greatest timestamp of an accepted record. `added_ms` tells up to where was judged when an objective was added,
    or got a longer window, that reaches back before the panes kept then, by name.
    """

    watermark_ms: int
    judged_ms: int
    pane_ms: int
    objectives: tuple[Objective, ...]
    latest_ms: int = LONG_AGO
    added_ms: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_begun(self) -> bool:
        """Whether there is a watermark, so that boundaries are judged."""
        return self.judged_ms != LONG_AGO


def added_since(stored: Progress | None, objectives: Sequence[Objective]) -> dict[str, int]:
    """When objectives came to look back before the panes kept then, by name; those of long ago are left out.

    One was added, or its window is longer than it was: either way part of its first windows may be gone.

    What was there before is first judged a whole window later.
    """
    if stored is None or not stored.has_begun:
        return {}
    kept_ms = max((objective.window_ms for objective in stored.objectives), default=0)
    added_ms = {one.name: stored.judged_ms for one in objectives if one.window_ms > kept_ms}
    earlier = {one.name: stored.added_ms[one.name] for one in objectives if one.name in stored.added_ms}
    windows_ms = {one.name: one.window_ms for one in objectives}
    return {name: ms for name, ms in earlier.items() if stored.judged_ms < ms + windows_ms[name]} | added_ms


def pane_for(objectives: Sequence[Objective], stored: Progress | None) -> int:
    """Pane length that serves all objectives, ms; the stored one, once there are stored panes.

    Raises:
        PanesDoNotFitError: a hop is not a multiple of the stored panes.
    """
    if stored is None:
        return common_pane([objective.hop_ms for objective in objectives]) if objectives else DEFAULT_PANE_MS
    for objective in objectives:
        if objective.hop_ms % stored.pane_ms:
            hop_s, pane_s = objective.hop_ms // 1_000, stored.pane_ms // 1_000
            raise PanesDoNotFitError(
                f"objective {objective.name}: a hop of {hop_s} s cannot be read from the stored panes of {pane_s} s. "
                f"Set its hop to a multiple of {pane_s} s, or {START_OVER}: then "
                "the input topics are read from their start into new panes."
            )
    return stored.pane_ms
