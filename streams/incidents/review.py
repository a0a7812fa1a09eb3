"""What a review of an incident says is to be done, as people write it: `OWNER: WHAT`, `OWNER: WHAT by 2026-04-30`."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

_LIKE_A_DAY: Final = re.compile(r"\d+-\d+-\d+")


def measure_of(text: str) -> dict[str, Any]:
    """What is done, by whom, until which day.

    Raises:
        ValueError: it has no owner, nothing to be done, or a day that is none; says what to write.
    """
    owner, colon, what = text.partition(":")
    what, by, due = what.rpartition(" by ")
    if not colon or not owner.strip() or not (what or due).strip():
        raise ValueError(f"{text!r}: write OWNER: WHAT, or OWNER: WHAT by 2026-04-30")
    if not (by and _LIKE_A_DAY.fullmatch(due)):
        return {"what": f"{what}{by}{due}".strip(), "owner": owner.strip(), "due": None}
    try:
        day = date.fromisoformat(due)
    except ValueError:
        raise ValueError(f"{text!r}: {due} is no day, write it like 2026-04-30") from None
    return {"what": what.strip(), "owner": owner.strip(), "due": day.isoformat()}


def measure_text(measure: Mapping[str, Any]) -> str:
    """The same as text."""
    due = f" by {measure['due']}" if measure["due"] else ""
    return f"{measure['owner']}: {measure['what']}{due}"
