"""The schema `slo`: numbered SQL files, and which of them a database has."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from streams.database.errors import SchemaError

OLDEST_SERVER: Final = 15
ENCODING: Final = "UTF8"
_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: `0001_roles.sql` has version 1 and the name 'roles'."""

    version: int
    name: str
    sql: str


def shipped_migrations() -> tuple[Migration, ...]:
    """The steps of this version of the product, in order."""
    return read_migrations(files("streams.database").joinpath("migrations").iterdir())


def read_migrations(sources: Iterable[Traversable]) -> tuple[Migration, ...]:
    """Steps by their files, numbered from 1 without a gap.

    Raises:
        ValueError: a name or a number that does not fit.
    """
    found = []
    for source in sources:
        match = _FILE_NAME.fullmatch(source.name)
        if match is None:
            raise ValueError(f"{source.name} is not named as a migration: 0001_name.sql")
        found.append(Migration(int(match[1]), match[2], source.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.version)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations are not numbered from 1 without a gap: {[one.version for one in found]}")
    return tuple(found)


def check_server(server_version: int, encoding: str | None) -> None:
    """Whether the database can be worked with; the version of its server as libpq tells it: 150004.

    Raises:
        SchemaError: the server is too old, or the database is of another encoding.
    """
    major = server_version // 10_000
    if major < OLDEST_SERVER:
        raise SchemaError(f"This is PostgreSQL {major}; slo-streams needs {OLDEST_SERVER} or newer.")
    if encoding != ENCODING:
        raise SchemaError(
            f"The encoding of this database is {encoding}; names and texts need {ENCODING}. It cannot be changed: "
            f"create database slo encoding '{ENCODING}' template template0 locale 'C'"
        )


def check_version(found: int | None, migrations: Sequence[Migration]) -> None:
    """Whether the schema is the one that this version of the product works with; None: there is none.

    Raises:
        SchemaError: it is not; the message says what to run.
    """
    needed = len(migrations)
    if found is None:
        raise SchemaError("The database has no schema slo yet. Run `slo-streams database migrate`.")
    if found < needed:
        raise SchemaError(
            f"The schema slo is at version {found}, this slo-streams needs {needed}. "
            "Run `slo-streams database migrate`."
        )
    if found > needed:
        raise SchemaError(
            f"The schema slo is at version {found}, this slo-streams knows {needed}: it was upgraded by a newer one. "
            "Run that version, or a newer one, here, too."
        )
