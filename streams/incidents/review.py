"""What a review of an incident says is to be done, as people write it: `OWNER: WHAT`, `OWNER: WHAT by 2026-04-30`."""

from collections.abc import Mapping
from typing import Any


def measure_of(text: str) -> dict[str, Any]:
    """What is done, by whom, until which day.

    Raises:
        ValueError: it has no owner, or nothing to be done; says what to write.
    """
    owner, colon, what = text.partition(":")
    what, by, due = what.rpartition(" by ")
    if not colon or not owner.strip() or not (what or due).strip():
        raise ValueError(f"{text!r}: write OWNER: WHAT, or OWNER: WHAT by 2026-04-30")
    is_dated = bool(by) and due.count("-") == 2 and due.replace("-", "").isdecimal()
    said = what if is_dated else f"{what}{by}{due}"
    return {"what": said.strip(), "owner": owner.strip(), "due": due if is_dated else None}


def measure_text(measure: Mapping[str, Any]) -> str:
    """The same as text."""
    due = f" by {measure['due']}" if measure["due"] else ""
    return f"{measure['owner']}: {measure['what']}{due}"
