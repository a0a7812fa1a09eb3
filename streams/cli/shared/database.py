"""How a command comes to its database: without one it ends with a sentence."""

import psycopg

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.failure import fail
from streams.database.settings import DatabaseSettings


def database_url_or_fail() -> str:
    """The URL of the environment; a wrong or missing one ends the command with exit code 2."""
    return url_or_fail(settings_of_or_fail(DatabaseSettings))


def url_or_fail(settings: DatabaseSettings) -> str:
    """The URL of these settings; a missing one ends the command with exit code 2."""
    url = settings.read_database_url()
    if url is None:
        fail(
            "SLO_DATABASE_URL: not set. It names a PostgreSQL: postgresql://user:password@host:5432/name\n"
            "`slo-streams database start` runs one on this machine.",
            code=2,
        )
    return url


def why_no_database(problem: psycopg.OperationalError) -> str:
    """What keeps the database from answering, in words."""
    return f"The database of SLO_DATABASE_URL cannot be reached: {problem}"
