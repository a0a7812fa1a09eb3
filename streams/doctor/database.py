"""The database: whether it answers, what version it is, its schema, and the roles that processes take on."""

import psycopg

from streams.database.connection import CONNECT_TIMEOUT_S, stored_version
from streams.database.errors import SchemaError
from streams.database.roles import Role
from streams.database.schema import check_server, check_version, shipped_migrations
from streams.doctor.finding import Finding, ok, problem, unanswered

_MIGRATE = "slo-streams database migrate creates and upgrades the schema, and makes the roles."
# Whoever may take a role on: before PostgreSQL 16 any member, since then one with the SET option.
_ROLES = """
select rolname, pg_has_role(rolname, case when current_setting('server_version_num')::int < 160000
                                          then 'MEMBER' else 'SET' end), rolsuper or rolbypassrls
from pg_roles where rolname = any(%s)
"""


def check_database(url: str) -> list[Finding]:
    """Findings of one connection."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            return [_server(connection), _schema(connection), *_roles(connection)]
    except psycopg.OperationalError as error:
        return [unanswered("database", f"cannot be reached: {error}", "Look at SLO_DATABASE_URL, and at the server.")]


def _server(connection: "psycopg.Connection[tuple[object, ...]]") -> Finding:
    info = connection.info
    try:
        check_server(info.server_version, info.parameter_status("server_encoding"))
    except SchemaError as error:
        return problem("database", str(error), "Name another one in SLO_DATABASE_URL, or upgrade the server.")
    version = info.parameter_status("server_version")
    return ok("database", f"PostgreSQL {version}, database {info.dbname}, user {info.user}")


def _schema(connection: "psycopg.Connection[tuple[object, ...]]") -> Finding:
    try:
        version = stored_version(connection)
        check_version(version, shipped_migrations())
    except SchemaError as error:
        return problem("database schema", str(error), _MIGRATE)
    return ok("database schema", f"version {version}")


def _roles(connection: "psycopg.Connection[tuple[object, ...]]") -> list[Finding]:
    found = {name: (may_take, is_mighty) for name, may_take, is_mighty in connection.execute(_ROLES, [list(Role)])}
    findings = []
    for role in Role:
        if role not in found:
            findings.append(problem(f"role {role}", "does not exist", _MIGRATE))
        elif found[role][1]:
            advice = f"alter role {role} nosuperuser nobypassrls"
            findings.append(problem(f"role {role}", "passes row-level security: it would see every partner", advice))
        elif not found[role][0]:
            user = connection.info.user
            findings.append(problem(f"role {role}", f"{user} may not take it on", f"grant {role} to {user}"))
    return findings or [ok("database roles", ", ".join(Role))]
