"""The window tables of an app as a command asks for them: what cannot be read ends it with exit code 1."""

from collections.abc import Sequence

from streams.cli.shared.ask import ask
from streams.cli.shared.failure import fail
from streams.names import Metric
from streams.settings import Settings
from streams.tables.changelog import StateLostError
from streams.tables.rows import UnreadableRowError
from streams.tables.stored import StoredTable, stored_table


def stored_tables(settings: Settings, metrics: Sequence[Metric], app_key: str) -> list[StoredTable]:
    """The tables of those metrics that have judged anything in the app's partition."""
    try:
        return ask(settings, _read(settings, metrics, app_key))
    except (StateLostError, UnreadableRowError) as problem:
        fail(str(problem))


async def _read(settings: Settings, metrics: Sequence[Metric], app_key: str) -> list[StoredTable]:
    tables = [await stored_table(settings, metric, app_key) for metric in metrics]
    return [table for table in tables if table is not None]
