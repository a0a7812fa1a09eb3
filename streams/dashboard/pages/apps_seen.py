"""The apps that a viewer may see: every page of one app begins here."""

from typing import Final, NamedTuple

from streams.dashboard.database import View

_APP: Final = """
select app_key, name, partner_name, partner_id from app
where app_key = %(app)s and (%(is_platform)s or partner_id = any(%(partners)s))
"""
_UNLISTED: Final = """
select exists (select from series where app_key = %(app)s)
  or exists (select from alert where app_key = %(app)s) as is_seen
"""
_NAMES: Final = """
select app_key, name from app where app_key = any(%(apps)s) and (%(is_platform)s or partner_id = any(%(partners)s))
"""


class SeenApp(NamedTuple):
    """An app with its names; those of an app that the catalogue does not list are None."""

    key: str
    name: str | None = None
    partner_name: str | None = None
    partner_id: str | None = None


def seen_app(view: View, app_key: str) -> SeenApp:
    """An app by its key. One that is not in the catalogue is seen by the platform alone, once it had an event.

    Raises:
        ProblemError: NOT_FOUND: there is none, for this viewer.
    """
    found = view.rows(_APP, {"app": app_key})
    if found:
        row = found[0]
        return SeenApp(row["app_key"], row["name"], row["partner_name"], row["partner_id"])
    if view.viewer.is_platform and view.row(_UNLISTED, {"app": app_key})["is_seen"]:
        return SeenApp(app_key)
    return SeenApp(view.row(_APP, {"app": app_key})["app_key"])


def names_of(view: View, app_keys: list[str]) -> dict[str, str]:
    """The catalogue's names of apps, of those that it lists."""
    return {row["app_key"]: row["name"] for row in view.rows(_NAMES, {"apps": app_keys})}
