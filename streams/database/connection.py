"""How a process connects: as a role, to a schema that it knows."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from streams.database.errors import SchemaError
from streams.database.roles import Role
from streams.database.schema import check_server, check_version, shipped_migrations

CONNECT_TIMEOUT_S = 10


def conninfo(url: str, role: Role, name: str, more: str = "") -> str:
    """What psycopg connects by: the URL, with a role that `reset role` keeps, and the process's name for operators.

    A URL's own `options` stay; `more` are further ones. Nothing is compiled by the server (`jit`): that takes several
    times as long as most of these queries, which it takes for longer ones than they are.
    """
    ours = f"-c role={role} -c search_path=slo -c jit=off {more}"
    options = f"{conninfo_to_dict(url).get('options') or ''} {ours}".strip()
    return make_conninfo(url, options=options, application_name=name, connect_timeout=CONNECT_TIMEOUT_S)


def check_schema(url: str) -> None:
    """Whether the database has the schema of this version.

    Raises:
        SchemaError: it has not; the message says what to run.
        psycopg.Error: it cannot be reached, or refuses.
    """
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        check_server(connection.info.server_version, connection.info.parameter_status("server_encoding"))
        check_version(stored_version(connection), shipped_migrations())


def stored_version(connection: "psycopg.Connection[Any]") -> int | None:
    """The newest step of the schema that the database has; None: it has no schema.

    Raises:
        SchemaError: this user may not look.
    """
    try:
        with connection.transaction():
            row = connection.execute("select max(version) from slo.migration").fetchone()
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
        return None
    except psycopg.errors.InsufficientPrivilege:
        user = connection.info.user
        raise SchemaError(
            f"The user {user} has no right on schema slo. Let an administrator grant it the roles it takes on: "
            f"grant {', '.join(Role)} to {user}"
        ) from None
    return None if row is None else row[0]
