"""What the desk does beside its chores: standings, incidents, what is published, the status page, monthly reports."""

from streams.desk.desk import Step
from streams.desk.outbox import PublishStep
from streams.evaluation.objective import Judge
from streams.impact.period_step import PeriodStep
from streams.impact.step import StandingStep
from streams.incidents.detection import Detection
from streams.incidents.projection import Projection
from streams.incidents.step import IncidentStep
from streams.notifier.contacts import Contacts
from streams.notifier.incidents import incident_teller
from streams.notifier.monthly import MonthlyReports
from streams.notifier.settings import NotifierSettings
from streams.notifier.standings import Teller
from streams.notifier.targets import Targets
from streams.notifier.tracing.export import OtlpExporter
from streams.notifier.tracing.step import TraceStep
from streams.objectives import read_objectives
from streams.rules import read_rules
from streams.status_page.step import StatusPageStep


def desk_steps(settings: NotifierSettings, targets: Targets, contacts: Contacts) -> list[Step]:
    """The steps in their order: what is found is published at once.

    Raises:
        InvalidFileError: objectives or rules cannot be used.
    """
    objectives, rules = read_objectives(settings.objectives), read_rules(settings.rules)
    of_history = [one.name for one in objectives.of(Judge.HISTORY)]
    standings = Teller(targets, settings.notify_max_age, contacts)
    tell = incident_teller(targets, settings.notify_max_age)
    steps: list[Step] = [
        PeriodStep(settings, objectives.service_levels, rules.standing),
        StandingStep(settings, objectives.all, rules.standing, standings.tell),
        IncidentStep(
            settings,
            Detection(rules.regions, of_history, rules.common_cause),
            Projection(settings.topics, tell, rules.severity),
        ),
        PublishStep(settings),
    ]
    if settings.status_page_dir is not None:
        steps.append(
            StatusPageStep(settings.status_page_dir, settings.status_page_name, settings.public_url, rules.severity)
        )
    if settings.traces:
        steps.append(TraceStep(OtlpExporter))
    if settings.mail_server() is not None:
        steps.append(MonthlyReports(settings, targets, objectives.service_levels))
    return steps
