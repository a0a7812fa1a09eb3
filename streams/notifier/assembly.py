"""The notifier put together: its channels, and the partitions of the alerts that it takes in."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from faust.types import TP

from streams.database.patient import PatientDatabase
from streams.health import counts
from streams.notifier.channel import Channel
from streams.notifier.channels.alertmanager import AlertmanagerChannel
from streams.notifier.channels.chat import APPRISE, ChatChannel
from streams.notifier.channels.jsm import JsmChannel
from streams.notifier.channels.pagerduty import PagerDutyChannel
from streams.notifier.channels.slack import SlackChannel
from streams.notifier.channels.teams import TeamsChannel
from streams.notifier.channels.webhook import WebhookChannel
from streams.notifier.contacts import Contacts
from streams.notifier.intake import AlertProcessor, NotificationRows, read_alert
from streams.notifier.mail.letter import Sender
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.settings import NotifierSettings
from streams.notifier.target import Target
from streams.notifier.target_file import read_targets
from streams.notifier.targets import Targets
from streams.outbound.post import Poster
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.sink.store import Loaded, PostgresStore

READER: Final = "notifier"
"""Whose offsets they are."""
COUNTS: Final = (counts.RECORDS, counts.COUNTED, counts.PASSED_OVER)


def targets_of(settings: NotifierSettings) -> list[Target]:
    """Who is told beside the addresses of the catalogue.

    Raises:
        InvalidTargetsError: the targets file cannot be used.
    """
    return [] if settings.targets is None else read_targets(settings.targets)


def channels_of(settings: NotifierSettings, targets: Iterable[Target] = ()) -> list[Channel]:
    """Mail, if there is a server, and every other way by which one of the targets is told."""
    url = settings.public_url
    over_http: dict[str, Callable[[Poster], Channel]] = {
        "webhook": lambda posts: WebhookChannel(posts, settings.read_webhook_secret()),
        "alertmanager": lambda posts: AlertmanagerChannel(posts, url),
        "pagerduty": lambda posts: PagerDutyChannel(posts, url),
        "jsm": lambda posts: JsmChannel(posts, url),
        "slack": lambda posts: SlackChannel(posts, url),
        "teams": lambda posts: TeamsChannel(posts, url),
    }
    used = {target.channel for target in targets}
    server = settings.mail_server()
    mail: list[Channel] = [] if server is None else [SmtpChannel(server, Sender(*settings.sender, url))]
    chat: list[Channel] = [ChatChannel(url)] if APPRISE in used else []
    return mail + chat + [make(Poster(settings.reach)) for name, make in over_http.items() if name in used]


def alert_partitions(
    settings: NotifierSettings,
    database: PatientDatabase,
    endings: Endings,
    targets: Targets,
    channels: Sequence[Channel],
    is_told: Callable[[], None],
    contacts: Contacts,
) -> Partitions[AlertProcessor]:
    """The partitions of the alerts, none of them taken over yet; `contacts` are filled from then on."""
    names = [channel.name for channel in channels]
    rows = NotificationRows(targets, contacts, names, settings.notify_max_age, is_told)

    def new_store(tp: TP) -> PostgresStore:
        return PostgresStore(settings, tp, database, rows, reader=READER)

    def new_processor(tp: TP, loaded: Loaded) -> AlertProcessor:
        return AlertProcessor(tp.topic, tp.partition, read_alert, loaded.progress)

    return Partitions(
        settings,
        TakeOver(new_store, new_processor, endings),
        Follower(settings, Reference(settings.topics, contacts)),
        topics=(settings.topics.alerts,),
        counts=COUNTS,
        endings=endings,
    )
