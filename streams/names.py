"""Every public name: metrics, topics, tables. What other services rely on is spelled here and nowhere else.

A metric is described once: what its event is, when that is good, and how it is called. Topics, changelogs, decoders,
rights, settings of objectives, commands and the gateway follow from the description.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.healthcheck import HealthCheck
from schemas.iframe import IframeLoad
from schemas.installation_callback import InstallationCallback
from schemas.record import Record
from schemas.synthetic import SyntheticResult
from schemas.webhook import WebhookDelivery
from streams.evaluation.judgement import (
    judge_delivery,
    judge_health_check,
    judge_iframe_load,
    judge_installation,
    judge_synthetic_test,
)
from streams.evaluation.objective import Silence


@dataclass(frozen=True, slots=True)
class Metric:
    """One SLI of the programme, or what is shown beside them.

    `id` is the stable name in alerts and objectives, `title` the display name (`{scope}` stands for the product),
    `record` names its event in topics, `table` is the short name of its window tables. `model` is the event's public
    schema, and `judge` tells its outcome. `silence` is what becomes of a breach in an empty window unless an objective
    says otherwise. With `delivers_to_clients` its events are deliveries to one installation, whose client the
    catalogue may exclude.
    """

    id: str
    record: str
    title: str
    table: str
    model: type[Record]
    judge: Callable[..., int]
    silence: Silence = Silence.RECOVER
    delivers_to_clients: bool = False

    def display_name(self, scope: str) -> str:
        """Name shown in alerts for a series of this metric: 'Jira Webhook Delivery Success Rate'."""
        return self.title.format(scope=scope)


AVAILABILITY: Final = Metric(
    id="app-availability",
    record="healthcheck",
    title="App Availability",
    table="availability",
    model=HealthCheck,
    judge=judge_health_check,
    silence=Silence.HOLD,
)
IFRAME: Final = Metric(
    id="iframe-load-success-rate",
    record="iframe",
    title="{scope} Iframe Load Success Rate",
    table="iframe",
    model=IframeLoad,
    judge=judge_iframe_load,
)
INSTALLATION: Final = Metric(
    id="installation-callback-success-rate",
    record="installation-callback",
    title="{scope} Installation Callback Success Rate",
    table="installation",
    model=InstallationCallback,
    judge=judge_installation,
    delivers_to_clients=True,
)
WEBHOOK: Final = Metric(
    id="webhook-delivery-success-rate",
    record="webhook",
    title="{scope} Webhook Delivery Success Rate",
    table="webhook",
    model=WebhookDelivery,
    judge=judge_delivery,
    delivers_to_clients=True,
)

SYNTHETIC: Final = Metric(
    id="synthetic",
    record="synthetic",
    title="{scope} Synthetic Tests",
    table="synthetic",
    model=SyntheticResult,
    judge=judge_synthetic_test,
)
"""Of the first-rollout group, by the app's own word: shown, never judged."""

METRICS: Final = {metric.id: metric for metric in (AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK)}

COUNTED: Final = {**METRICS, SYNTHETIC.id: SYNTHETIC}
"""What history counts: all that are judged, and what is shown alone."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names under the configured prefix (default `slo.`).

    `output_prefix` stands before what an application publishes, where several read the same inputs; None: the same.
    """

    prefix: str = "slo."
    output_prefix: str | None = None

    def input(self, metric: Metric) -> str:
        """Topic the events of a metric arrive on."""
        return f"{self.prefix}{metric.record}.v1"

    @property
    def inputs(self) -> dict[str, Metric]:
        """Input topic name -> its metric."""
        return {self.input(metric): metric for metric in METRICS.values()}

    @property
    def shown(self) -> dict[str, Metric]:
        """All topics of events, those that are never judged, too -> their metric."""
        return {**self.inputs, self.synthetic: SYNTHETIC}

    @property
    def apps(self) -> str:
        """The app catalogue (compacted)."""
        return self.prefix + "apps.v1"

    @property
    def exclusions(self) -> str:
        """Planned downtime and platform faults (compacted)."""
        return self.prefix + "exclusions.v1"

    @property
    def synthetic(self) -> str:
        """Results of synthetic tests: shown, never counted."""
        return self.input(SYNTHETIC)

    @property
    def installations(self) -> str:
        """Who may publish results for which app, and the encrypted secret to know them by (compacted)."""
        return self.prefix + "installations.v1"

    @property
    def confirmations(self) -> str:
        """Questions of probers to each other, whether a bad check is bad elsewhere, and the answers."""
        return self.prefix + "confirmations.v1"

    @property
    def used_tokens(self) -> str:
        """Tokens that gateways accepted or are about to, so that each is good once over all of them."""
        return self.prefix + "used-tokens.v1"

    @property
    def reference(self) -> tuple[str, str]:
        """What every worker knows beside the events."""
        return self.apps, self.exclusions

    @property
    def key_fields(self) -> dict[str, str]:
        """Topic that is read -> the field of its records that is their key, too."""
        return {**dict.fromkeys(self.shown, "appKey"), self.apps: "appKey", self.exclusions: "id"}

    @property
    def alerts(self) -> str:
        """One record per breach and recovery."""
        return self._output("alerts.v1")

    @property
    def alert_state(self) -> str:
        """The latest alert of each series and objective (compacted)."""
        return self._output("alert-state.v1")

    @property
    def rejected(self) -> str:
        """Input records that could not be used, with the reason."""
        return self._output("rejected.v1")

    @property
    def heartbeat(self) -> str:
        """How far each input partition is judged (compacted)."""
        return self._output("heartbeat.v1")

    @property
    def incidents(self) -> str:
        """The incidents that became of breaches (compacted)."""
        return self._output("incidents.v1")

    @property
    def standing(self) -> str:
        """Where each app stands in the programme (compacted)."""
        return self._output("standing.v1")

    @property
    def has_own_outputs(self) -> bool:
        """Whether what is published is apart from what others publish on the same inputs."""
        return self.output_prefix not in (None, self.prefix)

    def _output(self, name: str) -> str:
        return (self.prefix if self.output_prefix is None else self.output_prefix) + name


def only_own_outputs(topics: Topics) -> str:
    """Why an application with outputs of its own writes no exclusions."""
    return (
        f"SLO_OUTPUT_PREFIX={topics.output_prefix}: an application with outputs of its own writes no exclusions, which "
        f"would act on all others that read {topics.exclusions}."
    )


def changelog(application_id: str, metric: Metric) -> str:
    """Compacted topic that holds the window tables of a metric; same partition count as its input topic."""
    return f"{application_id}-{metric.table}-panes-changelog"


def name_of(topic: str, partition: int) -> str:
    """A partition as people read it: slo.webhook.v1[3]."""
    return f"{topic}[{partition}]"
