"""How a command comes to the targets of the notifier: a file that cannot be used ends it with every problem.

What can be used, and will not work as the settings are, is said.
"""

from streams.cli.shared.failure import fail
from streams.notifier.assembly import targets_of
from streams.notifier.settings import NotifierSettings
from streams.notifier.target import SMTP, Target
from streams.notifier.target_file import InvalidTargetsError
from streams.outbound.reach import RefusedError


def targets_or_fail(settings: NotifierSettings) -> list[Target]:
    """The targets of SLO_TARGETS, none where it is not set."""
    try:
        return targets_of(settings)
    except InvalidTargetsError as problem:
        fail(str(problem), code=2)


def doubt(target: Target, settings: NotifierSettings) -> str | None:
    """What will not work, or not as it should, as the settings are."""
    if target.channel == SMTP:
        return None if settings.mail_server() else "no mail is sent: SLO_SMTP_URL is not set"
    if "://" in target.address:
        try:
            settings.reach.check_url(target.address)
        except RefusedError as problem:
            return f"its address would not be called: {problem}. Inside the network: SLO_NOTIFY_ALLOW_PRIVATE=true"
    if target.channel == "webhook" and target.secret is None and settings.read_webhook_secret() is None:
        return "not signed: give it a `secret`, or set SLO_WEBHOOK_SECRET"
    return None
