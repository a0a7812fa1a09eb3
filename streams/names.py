"""Every public name: metrics, topics, tables. What other services rely on is spelled here and nowhere else."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Metric:
    """One SLI of the programme.

    `id` is the stable name in alerts and objectives, `record` names its event in `schemas` and its input topic,
    `title` the display name (`{scope}` stands for the product), `table` the short name of its window tables.
    """

    id: str
    record: str
    title: str
    table: str

    @property
    def delivers_to_clients(self) -> bool:
        """Whether its events are deliveries to one installation: the catalogue may exclude their client."""
        return self in (INSTALLATION, WEBHOOK)

    def display_name(self, scope: str) -> str:
        """Name shown in alerts for a series of this metric: 'Jira Webhook Delivery Success Rate'."""
        return self.title.format(scope=scope)


AVAILABILITY: Final = Metric("app-availability", "healthcheck", "App Availability", "availability")
IFRAME: Final = Metric("iframe-load-success-rate", "iframe", "{scope} Iframe Load Success Rate", "iframe")
INSTALLATION: Final = Metric(
    "installation-callback-success-rate",
    "installation-callback",
    "{scope} Installation Callback Success Rate",
    "installation",
)
WEBHOOK: Final = Metric("webhook-delivery-success-rate", "webhook", "{scope} Webhook Delivery Success Rate", "webhook")

METRICS: Final = {metric.id: metric for metric in (AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK)}


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
        return self.prefix + "synthetic.v1"

    @property
    def installations(self) -> str:
        """Who may publish results for which app, and the encrypted secret to know them by (compacted)."""
        return self.prefix + "installations.v1"

    @property
    def reference(self) -> tuple[str, str]:
        """What every worker knows beside the events."""
        return self.apps, self.exclusions

    @property
    def key_fields(self) -> dict[str, str]:
        """Topic that is read -> the field of its records that is their key, too."""
        return {**dict.fromkeys(self.inputs, "appKey"), self.apps: "appKey", self.exclusions: "id"}

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

    def _output(self, name: str) -> str:
        return (self.prefix if self.output_prefix is None else self.output_prefix) + name


def changelog(application_id: str, metric: Metric) -> str:
    """Compacted topic that holds the window tables of a metric; same partition count as its input topic."""
    return f"{application_id}-{metric.table}-panes-changelog"


def name_of(topic: str, partition: int) -> str:
    """A partition as people read it: slo.webhook.v1[3]."""
    return f"{topic}[{partition}]"
