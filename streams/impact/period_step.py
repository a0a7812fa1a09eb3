"""The desk's step of periods: each midnight the targets of all apps are judged, and anew when an exclusion comes."""

from collections.abc import Iterable, Sequence
from typing import Final

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.history.reading import read_exclusions
from streams.impact import facts
from streams.impact.periods import Periods, PeriodVerdict, knowledge
from streams.objectives.service_level import ServiceLevel
from streams.settings import Settings
from streams.standing.facts import DAY_MS, Rules

MOST_SERIES: Final = 200
"""Series of one piece."""

_END: Final = "select day from period_end"
_SET_END: Final = """
insert into period_end (day) values (%s) on conflict (is_only) do update set day = excluded.day
"""
# What was missed stays: an app may stand where it does because of it.
_FORGET: Final = "delete from period_verdict where day < %s and not is_missed"
_PUT: Final = """
insert into period_verdict (app_key, day, metric, scope, slo, good, bad, excused, known_ms, is_covered, is_missed)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (app_key, day, metric, scope, slo) do update set
  (good, bad, excused, known_ms, is_covered, is_missed)
  = (excluded.good, excluded.bad, excluded.excused, excluded.known_ms, excluded.is_covered, excluded.is_missed)
"""
Place = tuple[str, str]
"""App and scope of the last series that was judged."""
_START: Final[Place] = ("", "")


class PeriodStep:
    """Keeps `period_verdict` right. Where it stands within a day is forgotten with the process, and done again."""

    def __init__(self, settings: Settings, levels: Sequence[ServiceLevel], rules: Rules) -> None:
        self._settings = settings
        self._levels = {level.name: level for level in levels}
        self._rules = rules
        self._known = (0, 0)
        self._day: int | None = None
        self._left: list[ServiceLevel] = []
        self._after = _START

    async def take(self, desk: Desk) -> bool:
        """Judge the next series of the next midnight; whether there are more."""
        completed_ms = await desk.look(lambda connection: facts.completed_ms(connection, self._settings))
        if completed_ms is None or not self._levels:
            return False
        newest = completed_ms // DAY_MS
        known = await desk.look(knowledge)
        if known != self._known:
            await self._judge_anew(desk, newest, known)
        if self._day is None:
            stored = await desk.run(_stored_end)
            day = newest - self._days if stored is None else max(stored + 1, newest - self._days)
            if day > newest:
                return False
            self._day, self._left, self._after = day, list(self._levels.values()), _START
        await self._judge(desk, self._day)
        return True

    async def rest(self) -> None:
        """Begin the day anew: another process may be at it."""
        self._day, self._known = None, (0, 0)

    @property
    def _days(self) -> int:
        return self._rules.period_ms // DAY_MS

    async def _judge(self, desk: Desk, day: int) -> None:
        def judged(connection: facts.Connection) -> tuple[list[PeriodVerdict], list[ServiceLevel], Place]:
            """Verdicts on the next series, then the levels that are left, and where to go on in the first of them."""
            periods = Periods(connection, read_exclusions(connection), knowledge(connection)[0], self._rules)
            found, left, after = list[PeriodVerdict](), list(self._left), self._after
            while left and len(found) < MOST_SERIES:
                some, go_on = periods.suspects(left[0], day, after, MOST_SERIES)
                found += some
                after = go_on or _START
                left = left if go_on else left[1:]
            return found, left, after

        verdicts, self._left, self._after = await desk.look(judged)
        is_done = not self._left

        async def store(connection: Connection) -> None:
            await self._put(connection, verdicts)
            if is_done:
                await connection.execute(_SET_END.encode(), [day])
                await connection.execute(_FORGET.encode(), [day - 4 * self._days])

        await desk.run(store)
        if is_done:
            self._day = None

    async def _judge_anew(self, desk: Desk, newest: int, known: tuple[int, int]) -> None:
        def judged(connection: facts.Connection) -> list[PeriodVerdict]:
            return Periods(connection, read_exclusions(connection), known[0], self._rules).judged_anew(newest)

        verdicts = await desk.look(judged)
        await desk.run(lambda connection: self._put(connection, verdicts))
        self._known = known

    async def _put(self, connection: Connection, verdicts: Iterable[PeriodVerdict]) -> None:
        for one in verdicts:
            level = self._levels.get(one.slo)
            is_missed = level is not None and one.is_missed(level)
            row = [one.app_key, one.day, one.metric, one.scope, one.slo, one.good, one.bad, one.excused]
            await connection.execute(_PUT.encode(), [*row, one.known_ms, one.is_covered, is_missed])


async def _stored_end(connection: Connection) -> int | None:
    row = await (await connection.execute(_END.encode())).fetchone()
    return None if row is None else row[0]
