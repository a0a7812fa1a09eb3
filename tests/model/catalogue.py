"""The app catalogue, as far as it has been read."""

from dataclasses import dataclass, field

from tests.model.fields import Check, text
from tests.model.reading import Event, Rejection, read_body
from tests.model.record import Record


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


FIELDS: dict[str, Check] = {
    "appKey": text(),
    "name": text(),
    "partnerName": text(),
    "email": text(),
    "healthcheckUrls": _list_of(text(2_048)),
    "excludedClientKeys": _list_of(text()),
}


@dataclass(frozen=True, slots=True)
class App:
    """What the evaluator wants to know about an app."""

    name: str
    partner_name: str | None = None
    excluded_client_keys: tuple[str, ...] = ()


@dataclass(slots=True)
class Catalogue:
    """The newest version of each app so far."""

    _apps: dict[bytes | None, App] = field(default_factory=dict)

    def take(self, record: Record) -> Rejection | None:
        """Read one more record; what is not an app changes nothing."""
        if record.value is None:
            self._apps.pop(record.key, None)
            return None
        body = read_body(record, FIELDS)
        if isinstance(body, Rejection):
            return body
        if record.key != body["appKey"].encode():
            return Rejection.SCHEMA
        self._apps[record.key] = App(body["name"], body["partnerName"], tuple(body["excludedClientKeys"]))
        return None

    def app(self, app_key: str) -> App:
        """An app; one that is not in the catalogue is called by its key."""
        return self._apps.get(app_key.encode()) or App(app_key)

    def excludes(self, event: Event) -> bool:
        """Whether an event is of a client that does not count."""
        return event.client_key in self.app(event.app_key).excluded_client_keys
