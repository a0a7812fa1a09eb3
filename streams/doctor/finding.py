"""What one check found."""

from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: a worker cannot do its work with a problem; a warning is for somebody to look at."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, what it is like, and what to do about it."""

    level: Level
    subject: str
    said: str
    advice: str = ""
    away: bool = field(default=False, kw_only=True)
    """Whether it is that Kafka or the database does not answer."""


def ok(subject: str, said: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, subject, said)


def warning(subject: str, said: str, advice: str) -> Finding:
    """Work goes on, but somebody should look."""
    return Finding(Level.WARNING, subject, said, advice)


def problem(subject: str, said: str, advice: str) -> Finding:
    """A worker cannot do its work."""
    return Finding(Level.PROBLEM, subject, said, advice)


def unanswered(subject: str, said: str, advice: str) -> Finding:
    """A worker cannot do its work as long as this does not answer; whatever else is wrong with it nobody can tell."""
    return Finding(Level.PROBLEM, subject, said, advice, away=True)
