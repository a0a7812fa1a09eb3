"""What a partition has counted, stored; and judged before, where boundaries came due. All in the sink's transaction."""

from streams.database.patient import Connection
from streams.history.judging import Judging
from streams.history.rows import Numbered, Rows
from streams.history.tally import Counted


class CountedRows:
    """The rows of one input partition: a `store.Rows`."""

    def __init__(self, rows: Rows, judging: Judging | None = None) -> None:
        self._rows = rows
        self._judging = judging

    async def add(self, connection: Connection, facts: Counted) -> Numbered:
        """Judge by what is stored and what was counted up to each boundary; then add all of it."""
        if self._judging is not None and facts.cuts:
            await self._judging.judge(connection, facts.cuts)
        return await self._rows.add(connection, facts.all)

    def learn(self, found: Numbered) -> None:
        """These hold: the transaction in which they were found is committed."""
        self._rows.learn(found)
