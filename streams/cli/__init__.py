"""The slo-streams command line: one file per command."""

import os
import sys

_INTERRUPTED = 130  # streams.exits.ExitCode.INTERRUPTED: nothing of ours is loaded here, so that nothing can be missed
_STANDARD_ERROR = 2


def main() -> None:
    """Entry point of the console script; Ctrl-C ends it with one line, also while its modules are still loaded."""
    _open_standard_streams()
    try:
        from streams.cli.app import app

        app()
    except KeyboardInterrupt:
        _end_interrupted()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _end_interrupted()
        raise


def _open_standard_streams() -> None:
    """Those that whoever started this has closed lead nowhere: else a file or a connection would take their place."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(_STANDARD_ERROR, "w", closefd=False)


def _end_interrupted() -> None:
    sys.stderr.write("Interrupted.\n")
    sys.exit(_INTERRUPTED)


__all__ = ["main"]
