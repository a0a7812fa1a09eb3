"""The slo-streams command line: one file per command."""

import sys


def main() -> None:
    """Entry point of the console script; Ctrl-C ends it with one line, also while its modules are still loaded."""
    try:
        from streams.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


__all__ = ["main"]
