"""What the desk does beside its chores: incidents, what is to be published on Kafka, the status page."""

from collections.abc import Mapping

from streams.desk.desk import Step
from streams.desk.outbox import PublishStep
from streams.evaluation.objective import Judge
from streams.incidents.detection import Detection
from streams.incidents.projection import Projection
from streams.incidents.step import IncidentStep
from streams.notifier.incidents import incident_teller
from streams.notifier.settings import NotifierSettings
from streams.notifier.targets import Targets
from streams.objectives import read_objectives
from streams.status_page.step import StatusPageStep


def desk_steps(settings: NotifierSettings, targets: Targets, regions: Mapping[str, str] | None = None) -> list[Step]:
    """The steps in their order: what is found is published at once.

    Raises:
        InvalidObjectivesError: the objectives cannot be used.
    """
    of_history = [one.name for one in read_objectives(settings.objectives).of(Judge.HISTORY)]
    tell = incident_teller(targets, settings.notify_max_age)
    incidents = IncidentStep(settings, Detection(regions or {}, of_history), Projection(settings.topics, tell))
    steps: list[Step] = [incidents, PublishStep(settings)]
    if settings.status_page_dir is not None:
        steps.append(StatusPageStep(settings.status_page_dir, settings.status_page_name, settings.public_url))
    return steps
