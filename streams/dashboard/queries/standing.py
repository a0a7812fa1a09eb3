"""Where an app stands on the ladder, and how it came there."""

from typing import Any

from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app
from streams.impact.document import standing_document


def standing(view: View, app_key: str) -> dict[str, Any]:
    """The standing of an app as it is published, with all changes, decisions and appeals.

    Raises:
        ProblemError: NOT_FOUND: there is none of this key for this viewer.
    """
    return standing_document(view.connection, the_app(view, app_key).key)
