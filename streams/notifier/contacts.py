"""Whom the catalogue names for an app."""

from dataclasses import dataclass

from schemas.apps import App
from streams.reference.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Contact:
    """Where the partner of an app is told, and since when; None: always. `name` is what the app is called."""

    email: str
    partner: str
    enrolled_ms: int | None
    name: str = ""


class Contacts(Catalogue):
    """The catalogue as the notifier needs it."""

    def __init__(self) -> None:
        super().__init__()
        self._contacts: dict[str, Contact] = {}

    def put(self, app: App, known_ms: int | None) -> None:
        """The newest version of an app."""
        self._contacts[app.app_key] = Contact(app.email, app.partner_id or app.partner_name, app.enrolled_at, app.name)

    def remove(self, app_key: str, known_ms: int | None) -> None:
        """The app is no longer listed."""
        self._contacts.pop(app_key, None)

    def of(self, app_key: str) -> Contact | None:
        """Whom to tell of an app; None: it is not listed."""
        return self._contacts.get(app_key)
