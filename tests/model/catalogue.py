"""The app catalogue: all that a log says about apps, asked anew of all versions each time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.model.fields import Check, or_null, text, time
from tests.model.reading import Event, Rejection, read_body
from tests.model.record import Record


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


FIELDS: dict[str, Check] = {
    "appKey": text(),
    "name": text(),
    "partnerName": text(),
    "partnerId": or_null(text()),
    "email": text(),
    "healthcheckUrls": _list_of(text(2_048)),
    "excludedClientKeys": _list_of(text()),
    "enrolledAt": or_null(time),
}


@dataclass(frozen=True, slots=True)
class App:
    """What the evaluator wants to know about an app."""

    name: str
    partner_name: str | None = None
    excluded_client_keys: tuple[str, ...] = ()
    base_urls: tuple[str, ...] = ()


class Version(NamedTuple):
    """One record of an app; `app` None withdraws it."""

    app: App | None
    timestamp_ms: int | None  # of Kafka; None where it has none: known since ever

    def is_known_at(self, moment_ms: int) -> bool:
        return self.timestamp_ms is None or self.timestamp_ms <= moment_ms


class Catalogue:
    """All versions of each app, in log order; names alone are those that were read so far."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._versions: defaultdict[str, list[Version]] = defaultdict(list)
        self._so_far: dict[bytes | None, App | None] = {}
        for record in records:
            version = read_version(record)
            if isinstance(version, Version):
                self._versions[(record.key or b"").decode(errors="replace")].append(version)

    def read(self, record: Record) -> Rejection | None:
        """Its place in the log is reached: from now on the app is called so."""
        version = read_version(record)
        if isinstance(version, Rejection):
            return version
        self._so_far[record.key] = version.app
        return None

    def app(self, app_key: str) -> App:
        """An app; one that is not in the catalogue is called by its key."""
        return self._so_far.get(app_key.encode()) or App(app_key)

    def excludes(self, event: Event, moment_ms: int) -> bool:
        """Whether an event in a record of a time is of a client that does not count."""
        versions = self._versions[event.app_key]
        known = [version for version in versions if version.is_known_at(moment_ms)] or versions[:1]
        return bool(known and known[-1].app and event.client_key in known[-1].app.excluded_client_keys)

    def is_withdrawn(self, app_key: str, moment_ms: int) -> bool:
        """Whether the version known at a moment is that there is no such app any more."""
        known = [version for version in self._versions[app_key] if version.is_known_at(moment_ms)]
        return bool(known) and known[-1].app is None

    def has_lost(self, app_key: str, base_url: str, moment_ms: int) -> bool:
        """Whether the version known at a moment lacks a base URL that an earlier one had."""
        known = [version.app for version in self._versions[app_key] if version.is_known_at(moment_ms)]
        had = [app is not None and base_url in app.base_urls for app in known]
        return any(had) and not had[-1]


def read_version(record: Record) -> Version | Rejection:
    """What a record of the apps topic says, or why it says nothing."""
    if record.value is None:
        return Version(None, record.timestamp_ms)
    body = read_body(record, FIELDS)
    if isinstance(body, Rejection):
        return body
    if record.key != body["appKey"].encode():
        return Rejection.SCHEMA
    app = App(body["name"], body["partnerName"], tuple(body["excludedClientKeys"]), tuple(body["healthcheckUrls"]))
    return Version(app, record.timestamp_ms)
