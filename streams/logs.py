"""What the worker says, on standard error: as text for people, or as one JSON object a line for a log collector."""

import logging
import sys
from enum import StrEnum
from typing import Final

_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"
_CHATTY: Final = ("aiokafka", "faust", "mode", "kafka")
_MINUTE_S: Final = 60.0
_REMEMBERED: Final = 100
# Control characters but tab and line feed; the last two are taken for line ends by some viewers.
_CONTROLS: Final = {
    code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029) if chr(code) not in "\t\n"
}


class LogFormat(StrEnum):
    """How log records are written."""

    TEXT = "text"
    JSON = "json"


class TextFormatter(logging.Formatter):
    """Text in which no logged data can pass for a log record of its own, or speak to a terminal.

    Further lines of a record are indented; control characters are written as escapes.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record, on one or several lines."""
        return super().format(record).translate(_CONTROLS).replace("\n", "\n    ")


class OnceAMinute(logging.Filter):
    """Lets what a library says word by word again and again through once a minute: a broker is away, each second."""

    def __init__(self) -> None:
        super().__init__()
        self._said_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it was not said within the last minute; of those that were said before the oldest is forgotten."""
        text = record.getMessage()
        if record.created - self._said_s.get(text, -_MINUTE_S) < _MINUTE_S:
            return False
        self._said_s.pop(text, None)
        self._said_s[text] = record.created
        if len(self._said_s) > _REMEMBERED:
            del self._said_s[next(iter(self._said_s))]
        return True


def formatter(log_format: LogFormat) -> logging.Formatter:
    """The formatter of a format. JSON: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `exc_info`."""
    if log_format is LogFormat.TEXT:
        return TextFormatter(_TEXT)
    from pythonjsonlogger.json import JsonFormatter  # not among what the client brings

    names = {"levelname": "level", "name": "logger"}
    return JsonFormatter(["levelname", "name", "message"], rename_fields=names, timestamp="time")


def configure(level: str, log_format: LogFormat = LogFormat.TEXT) -> None:
    """Our own messages from `level` on; the libraries' only when they warn, or all of them at DEBUG."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=level, handlers=[handler])
    if level != "DEBUG":
        logging.getLogger("aiokafka").addFilter(OnceAMinute())
        for name in _CHATTY:
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
