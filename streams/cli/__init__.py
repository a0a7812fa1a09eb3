"""The slo-streams command line: one file per command."""

from streams.cli.app import main

__all__ = ["main"]
