"""The timeline of an incident in a real database."""

import psycopg
import pytest

from streams.database.roles import Role
from streams.incidents.entry import RaisedBy
from streams.incidents.people import Person, Ticket, raise_incident


@pytest.mark.parametrize("role", [Role.WRITER, Role.DESK, Role.READER])
@pytest.mark.parametrize(
    "change", ["update slo.incident_entry set why = 'otherwise'", "delete from slo.incident_entry"]
)
def test_entries_are_added_and_never_changed_or_taken_away(database: str, role: Role, change: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        raise_incident(connection, Ticket(RaisedBy.SUPPORT, "Webhooks fail"), Person("kim"))
        connection.execute(f"set role {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.encode())
