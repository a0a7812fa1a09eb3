"""Fields of forms, as people fill them in."""

import time
from datetime import UTC, datetime

from schemas.event_time import epoch_ms, utc_text


class FormError(Exception):
    """What was filled in cannot be used; the message says why."""


def time_ms(text: str, name: str) -> int | None:
    """Epoch ms of what a field holds, which is UTC unless it says otherwise; None of an empty one.

    Raises:
        FormError: it is no time.
    """
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
        return epoch_ms((local if local.tzinfo else local.replace(tzinfo=UTC)).isoformat())
    except ValueError:
        raise FormError(f"{name} is no time: write it like {utc_text(time.time_ns() // 1_000_000)}.") from None


def whole_number(text: str, name: str) -> int | None:
    """A whole number from 0; None of an empty field.

    Raises:
        FormError: it is none.
    """
    if not text:
        return None
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 16):
        raise FormError(f"{name} is no whole number from 0: {text}.")
    return int(digits)
