"""The slo-streams command line: one file per command."""

import sys

_INTERRUPTED = 130  # streams.exits.ExitCode.INTERRUPTED: nothing of ours is loaded here, so that nothing can be missed


def main() -> None:
    """Entry point of the console script; Ctrl-C ends it with one line, also while its modules are still loaded."""
    try:
        from streams.cli.app import app

        app()
    except KeyboardInterrupt:
        _end_interrupted()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _end_interrupted()
        raise


def _end_interrupted() -> None:
    sys.stderr.write("Interrupted.\n")
    sys.exit(_INTERRUPTED)


__all__ = ["main"]
