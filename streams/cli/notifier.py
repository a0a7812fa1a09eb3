"""`slo-streams notifier`: the service that tells people, and their tools."""

import logging
from typing import Annotated

import typer

from streams import logs
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import url_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.service import LogLevel, run_service
from streams.cli.shared.targets import doubt, targets_or_fail
from streams.documents.remark import InvalidFileError
from streams.notifier.assembly import channels_of
from streams.notifier.contacts import Contacts
from streams.notifier.desk_steps import desk_steps
from streams.notifier.service import NotifierService
from streams.notifier.settings import NotifierSettings
from streams.notifier.targets import Targets
from streams.notifier.tracing.export import MISSING, is_installed

log = logging.getLogger(__name__)


def notifier(
    log_level: Annotated[LogLevel, typer.Option(help="How much to say on standard error.")] = LogLevel.INFO,
) -> None:
    """Tell partners of breaches and recoveries, by mail and otherwise, and keep what was told.

    Reads slo.alerts.v1; the catalogue names a mail address for each app. Any number share the work. Nothing is lost
    while a mail server is away: it is sent later, in order. SLO_DATABASE_URL names the database, whose schema
    `slo-streams database migrate` makes; SLO_SMTP_URL and SLO_MAIL_FROM say how mail is sent. Stop it with Ctrl-C or
    SIGTERM.

    \b
    Example:
      export SLO_DATABASE_URL=postgresql://notifier@db-1/slo
      export SLO_SMTP_URL=smtp://slo:secret@mail-1:587
      export SLO_MAIL_FROM=slo@example.com SLO_PUBLIC_URL=https://slo.example.com
      slo-streams notifier

    \b
    Exit codes:
      0   stopped when asked
      2   wrong settings, or a targets file that cannot be used
      69  Kafka or the database was away for too long (SLO_BROKER_PATIENCE)
      70  broken: start it again
      75  another notifier has taken its place: start it again
      78  refused: topics, rights or the schema need an operator
    """
    settings = settings_of_or_fail(NotifierSettings)
    url = url_or_fail(settings)
    logs.configure(log_level, settings.log_format)
    named = targets_or_fail(settings)
    for target in named:
        if why := doubt(target, settings):
            log.warning("target %s: %s", target.id, why)
    if settings.traces and not is_installed():
        fail(MISSING, code=2)
    targets, contacts = Targets(named), Contacts()
    try:
        steps = desk_steps(settings, targets, contacts)
    except InvalidFileError as problem:
        fail(str(problem), code=2)
    channels = channels_of(settings, named)
    run_service(NotifierService(settings, url, channels, targets, steps, contacts=contacts), log_level)
