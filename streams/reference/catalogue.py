"""The app catalogue in memory: what alerts call an app, and whose events never count."""

from typing import Final, NamedTuple

from schemas.apps import App


class AppDetails(NamedTuple):
    """What alerts say of an app."""

    name: str
    partner_name: str | None


class Catalogue:
    """The newest version of each app. `excluded_clients` has an entry only for apps that exclude some."""

    def __init__(self) -> None:
        self.excluded_clients: Final[dict[str, frozenset[str]]] = {}
        self._details: dict[str, AppDetails] = {}

    def put(self, app: App) -> None:
        """An app that is new, or as it is from now on."""
        self.remove(app.app_key)
        self._details[app.app_key] = AppDetails(app.name, app.partner_name)
        if app.excluded_client_keys:
            self.excluded_clients[app.app_key] = frozenset(app.excluded_client_keys)

    def remove(self, app_key: str) -> None:
        """The app is no longer listed."""
        self._details.pop(app_key, None)
        self.excluded_clients.pop(app_key, None)

    def details(self, app_key: str) -> AppDetails:
        """An app as alerts show it: one that is not listed is called by its key."""
        return self._details.get(app_key) or AppDetails(app_key, None)
