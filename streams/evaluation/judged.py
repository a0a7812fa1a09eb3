"""A series as a boundary sees it: what counts in panes, and where it stands under each objective."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from streams.evaluation.transition import AT_REST, ObjectiveState
from streams.windows.hopping import PaneRange

SeriesKey = tuple[str, str]
"""(appKey, scope) within one metric."""

ALL_AT_REST: Final[Mapping[str, ObjectiveState]] = MappingProxyType({})  # shared: most series are


class Judged:
    """Whoever keeps the counts says how to sum them. `states` has an entry only for objectives not at rest."""

    __slots__ = ()

    app_key: str
    scope: str
    states: Mapping[str, ObjectiveState]

    @property
    def key(self) -> SeriesKey:
        """Key of the series within its metric."""
        return self.app_key, self.scope

    @abstractmethod
    def counted(self, ranges: Sequence[PaneRange]) -> tuple[int, int]:
        """(good, bad) of these panes. The app's own events, where there are any, replace the host's."""

    @abstractmethod
    def was_there(self, at_ms: int, pane_ms: int) -> bool:
        """Whether it had an event before a time, or a breach."""

    def put(self, objective: str, standing: ObjectiveState) -> None:
        """Where it stands from now on."""
        if standing != AT_REST:
            self.states = {**self.states, objective: standing}  # type: ignore[misc]  # a slot of who inherits
        elif objective in self.states:
            left = {name: other for name, other in self.states.items() if name != objective}
            self.states = left or ALL_AT_REST  # type: ignore[misc]
