"""The app catalogue in memory: what alerts call an app, and what its versions decide."""

from typing import Final, NamedTuple

from schemas.apps import App
from streams.evaluation.listings import Listing, Listings


class AppDetails(NamedTuple):
    """What alerts say of an app."""

    name: str
    partner_name: str | None


class Catalogue:
    """Names as they were read last; `listings` are the versions that act by their timestamps."""

    def __init__(self) -> None:
        self.listings: Final = Listings()
        self._details: dict[str, AppDetails] = {}

    def put(self, app: App, known_ms: int | None) -> None:
        """The next version of an app, known from a time on; None: since ever."""
        self._details[app.app_key] = AppDetails(app.name, app.partner_name)
        listing = Listing(tuple(app.healthcheck_urls), tuple(app.excluded_client_keys))
        self.listings.add(app.app_key, listing, known_ms)

    def remove(self, app_key: str, known_ms: int | None) -> None:
        """The app is no longer listed."""
        self._details.pop(app_key, None)
        self.listings.add(app_key, None, known_ms)

    def details(self, app_key: str) -> AppDetails:
        """An app as alerts show it: one that is not listed is called by its key."""
        return self._details.get(app_key) or AppDetails(app_key, None)
