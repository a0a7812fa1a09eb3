"""What can keep the database from being used."""

from streams.exits import RefusalError


class DatabaseError(Exception):
    """The embedded database cannot run; the message says why and what to do next."""


class SchemaError(RefusalError):
    """The schema is not the one that this version works with; the message says what to run."""


class DatabaseAwayError(Exception):
    """The database could not be worked with for longer than there was patience."""
