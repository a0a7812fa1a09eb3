"""Names that others chose, made fit for one line of a header or of a text. Pure."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Marks that turn the direction of what follows, also beyond the name.
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_SHOWN: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_WORD: Final = re.compile(r"[^a-z0-9]+")


def one_line(name: str) -> str:
    """The name without what breaks lines, hides, or turns the text around it."""
    if name.isascii() and name.isprintable():  # as nearly all are
        return " ".join(name.split())
    shown = "".join(
        "" if char in _TURNING else " " if unicodedata.category(char) in _NOT_SHOWN else char for char in name
    )
    return " ".join(shown.split())


def shortened(name: str, most: int) -> str:
    """At most so many characters."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


@lru_cache(maxsize=1_024)  # of partners, who get many mails
def slug(name: str | None, most: int = 40) -> str:
    """A name as part of an id in a header: `northwind-traders`; without letters `none`."""
    ascii_name = unicodedata.normalize("NFKD", name or "").encode("ascii", "ignore").decode().lower()
    return _WORD.sub("-", ascii_name)[:most].strip("-") or "none"
