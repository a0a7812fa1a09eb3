"""Who may do what in schema `slo`. Migrations create the roles; no one logs in as them: a process takes one on."""

from enum import StrEnum


class Role(StrEnum):
    """A role that a process takes on as it connects, whatever its user may do beyond.

    `WRITER` writes history and deliveries; `DESK` adds decisions; `READER` reads, and only what it is let see.
    """

    WRITER = "slo_writer"
    DESK = "slo_desk"
    READER = "slo_reader"
