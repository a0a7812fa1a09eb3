"""The app catalogue: read from a file, read from its topic, and what has to be written to make one the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from schemas.apps import App
from schemas.complaint import complaint
from streams.intake.checking import MAX_VALUE_BYTES, Rejection
from streams.kafka.chunk import SourceRecord
from streams.kafka.reader import read_to_end, topic_reader
from streams.listing import UnreadableListError, read_list
from streams.names import Topics
from streams.outbound.urls import read_url
from streams.reference.reference import read
from streams.registry.write import to_json
from streams.settings import Settings


class InvalidAppsError(Exception):
    """The list cannot be used; the message has a line for each fault."""


@dataclass(frozen=True, slots=True)
class AppChanges:
    """What a list changes in a catalogue. `left` are the apps that are not in the list, removed or not."""

    added: Mapping[str, App] = field(default_factory=dict)
    changed: Mapping[str, App] = field(default_factory=dict)
    unchanged: Mapping[str, App] = field(default_factory=dict)
    left: frozenset[str] = frozenset()


def load_apps(path: Path) -> list[App]:
    """Apps of a file, in its order, at least one.

    Raises:
        InvalidAppsError: every fault, each with its line.
    """
    try:
        items = read_list(path)
    except UnreadableListError as error:
        raise InvalidAppsError(str(error)) from None
    lines: dict[str, int] = {}
    apps, faults = [], []
    for line, value in items:
        try:
            app = App.model_validate(value)
        except ValidationError as error:
            faults.append(f"{path}:{line}: {complaint(error)}")
            continue
        faults += [f"{path}:{line}: {fault}" for fault in (*_bad_urls(app), *_too_large(app))]
        if app.app_key in lines:
            faults.append(f"{path}:{line}: appKey: {app.app_key!r} is in line {lines[app.app_key]} already")
        lines.setdefault(app.app_key, line)
        apps.append(app)
    if faults:
        raise InvalidAppsError("\n".join(faults))
    return apps


def _bad_urls(app: App) -> Iterable[str]:
    """The topic lets any text be a URL; nobody could check these."""
    for index, url in enumerate(app.healthcheck_urls):
        try:
            read_url(url)
        except ValueError as error:
            yield f"healthcheckUrls.{index}: {error}"


def _too_large(app: App) -> Iterable[str]:
    """Workers reject a record of that size, so that the version before it would go on to hold."""
    size = len(to_json(app))
    if size > MAX_VALUE_BYTES:
        yield f"{size:,} bytes as a record; at most {MAX_VALUE_BYTES:,}: take out excludedClientKeys or healthcheckUrls"


def learn(apps: dict[str, App], topics: Topics, record: SourceRecord) -> Rejection | None:
    """Bring a catalogue up to the next record of its topic, as a worker reads it.

    One that cannot be used changes nothing, and why is returned.
    """
    match said := read(topics, topics.apps, record):
        case Rejection():
            return said
        case App():
            apps[said.app_key] = said
        case _:
            apps.pop((record.key or b"").decode(errors="replace"), None)
    return None


async def read_apps(settings: Settings) -> dict[str, App]:
    """The catalogue as it is now, by appKey.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    apps: dict[str, App] = {}
    async with topic_reader(settings, settings.topics.apps) as (consumer, tps):
        async for record in read_to_end(consumer, tps):
            learn(apps, settings.topics, record)
    return apps


def changes(current: Mapping[str, App], wanted: Iterable[App]) -> AppChanges:
    """What it takes to have the wanted apps in a catalogue."""
    by_key = {app.app_key: app for app in wanted}
    return AppChanges(
        added={key: app for key, app in by_key.items() if key not in current},
        changed={key: app for key, app in by_key.items() if key in current and current[key] != app},
        unchanged={key: app for key, app in by_key.items() if current.get(key) == app},
        left=frozenset(current) - frozenset(by_key),
    )
