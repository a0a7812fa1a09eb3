"""What the doctor says of the database."""

from contextlib import suppress

import psycopg
import pytest

from streams.database.migrate import migrate
from streams.database.schema import Migration, shipped_migrations
from streams.doctor.database import check_database
from streams.doctor.finding import Finding, Level


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.subject: finding for finding in findings}


def test_all_is_well(database: str) -> None:
    findings = by_subject(check_database(database))
    assert {finding.level for finding in findings.values()} == {Level.OK}
    assert findings["database"].said.startswith("PostgreSQL ")
    assert findings["database schema"].said == f"version {len(shipped_migrations())}"
    assert findings["database roles"].said == "slo_writer, slo_desk, slo_reader"


def test_nothing_answers() -> None:
    (finding,) = check_database("postgresql://nobody@127.0.0.1:1/none")
    assert finding.level is Level.PROBLEM
    assert "cannot be reached" in finding.said


def test_a_database_without_the_schema(empty_database: str) -> None:
    finding = by_subject(check_database(empty_database))["database schema"]
    assert finding.level is Level.PROBLEM
    assert "slo-streams database migrate" in finding.advice


def test_a_schema_of_a_newer_version(empty_database: str) -> None:
    steps = shipped_migrations()
    migrate(empty_database, (*steps, Migration(len(steps) + 1, "later", "select 1")))
    finding = by_subject(check_database(empty_database))["database schema"]
    assert finding.level is Level.PROBLEM
    assert "a newer one" in finding.said


@pytest.fixture
def stranger(database: str) -> str:
    """A user who was granted nothing, of the same database."""
    taken = psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation  # roles are the server's, of all tests
    with psycopg.connect(database, autocommit=True) as connection, suppress(*taken):
        connection.execute("create role stranger login")
    return psycopg.conninfo.make_conninfo(database, user="stranger")


def test_a_user_without_the_roles(stranger: str) -> None:
    findings = by_subject(check_database(stranger))
    assert "grant slo_writer, slo_desk, slo_reader to stranger" in findings["database schema"].said
    assert findings["role slo_reader"].advice == "grant slo_reader to stranger"
