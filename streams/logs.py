"""What the worker says, on standard error."""

import logging
import sys

_TEXT = "%(asctime)s %(levelname)s %(message)s"
_CHATTY = ("aiokafka", "faust", "mode", "kafka")


def configure(level: str) -> None:
    """Our own messages from `level` on; the libraries' only when they warn, or all of them at DEBUG."""
    logging.basicConfig(level=level, stream=sys.stderr, format=_TEXT)
    if level != "DEBUG":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
