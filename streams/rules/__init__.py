"""The rules file: the numbers of the programme beyond its objectives, as data."""

from streams.rules.load import DEFAULT, InvalidRulesError, ProgrammeRules, read_rules

__all__ = ["DEFAULT", "InvalidRulesError", "ProgrammeRules", "read_rules"]
