"""What can keep the database from being used."""


class DatabaseError(Exception):
    """The embedded database cannot run; the message says why and what to do next."""


class SchemaError(Exception):
    """The schema is not the one that this version works with; the message says what to run."""
