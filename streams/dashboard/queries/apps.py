"""Whether an app may be seen, and what the catalogue says of it."""

from dataclasses import dataclass
from typing import Final

from streams.dashboard.database import MINE, View
from streams.history.codec import MINUTE_MS
from streams.history.reading import read_watermarks
from streams.settings import Settings

_APP: Final = f"""
select app_key, name, partner_id, partner_name, email, enrolled_at_ms from app where app_key = %(app)s and {MINE}
"""
_COUNTED: Final = "select app_key from series where app_key = %(app)s and %(is_platform)s limit 1"


@dataclass(frozen=True, slots=True)
class App:
    """An app of the catalogue; of one that is counted and not listed all but the key is unknown."""

    key: str
    name: str
    partner_id: str | None = None
    partner_name: str = ""
    email: str = ""
    enrolled_at_ms: int | None = None


def the_app(view: View, app_key: str) -> App:
    """The app.

    Raises:
        ProblemError: NOT_FOUND: there is none of this key for this viewer.
    """
    app_key = app_key.replace("\0", "")
    listed = view.rows(_APP, {"app": app_key})
    if listed:
        return App(*listed[0].values())
    view.row(_COUNTED, {"app": app_key})
    return App(app_key, app_key)


def as_of_ms(view: View, settings: Settings) -> int | None:
    """Up to when everything is counted: the least of all input partitions that hold records; None: nothing is yet."""
    watermarks = [known for parts in read_watermarks(view.connection).values() for known in parts.values()]
    known_ms = [watermark_ms for watermark_ms in watermarks if watermark_ms is not None]
    return (min(known_ms) - settings.allowed_lateness) // MINUTE_MS * MINUTE_MS if known_ms else None
