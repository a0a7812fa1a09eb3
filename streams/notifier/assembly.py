"""The notifier put together: its channels, and the partitions of the alerts that it takes in."""

from collections.abc import Callable, Sequence
from typing import Final

from faust.types import TP

from streams.database.patient import PatientDatabase
from streams.health import counts
from streams.notifier.channel import Channel
from streams.notifier.contacts import Contacts
from streams.notifier.intake import AlertProcessor, NotificationRows, read_alert
from streams.notifier.mail.letter import Sender
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.settings import NotifierSettings
from streams.notifier.targets import Targets
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.sink.store import Loaded, PostgresStore

READER: Final = "notifier"
"""Whose offsets they are."""
COUNTS: Final = (counts.RECORDS, counts.COUNTED, counts.PASSED_OVER)


def channels_of(settings: NotifierSettings) -> list[Channel]:
    """Every way of reaching somebody that is set up."""
    server = settings.mail_server()
    return [] if server is None else [SmtpChannel(server, Sender(*settings.sender, settings.public_url))]


def alert_partitions(
    settings: NotifierSettings,
    database: PatientDatabase,
    endings: Endings,
    targets: Targets,
    channels: Sequence[Channel],
    is_told: Callable[[], None],
) -> Partitions[AlertProcessor]:
    """The partitions of the alerts, none of them taken over yet."""
    contacts = Contacts()
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
