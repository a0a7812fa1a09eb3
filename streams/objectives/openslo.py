"""OpenSLO v1, as far as it is used here: SLO, AlertPolicy and AlertCondition; of the other kinds that they exist.

Source: the OpenSLO v1 specification (github.com/OpenSLO/OpenSLO). Fields that change nothing here (display names,
labels, descriptions, notification targets) are accepted; a field or value that would change what an objective means,
and is not supported, is refused.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator
from pydantic.alias_generators import to_camel

from streams.objectives.annotations import PREFIX, NoAnnotations, PolicyAnnotations, SLOAnnotations
from streams.objectives.scalars import DurationMs, MetricId, Name, PlainDecimal, PositiveDurationMs, Switch

ApiVersion: TypeAlias = Literal["openslo/v1", "openslo.com/v1"]
DEFAULT_PERIOD_MS: Final = 28 * 86_400_000
"""Of an SLO without a time window: that of the programme's targets."""
VARIANTS: Final = ("<name>", "<ref>", "<inline>")  # of a union; pydantic puts them into error locations


def _ours(annotations: object) -> object:
    """The annotations under our prefix; those of other tools are none of our business."""
    if not isinstance(annotations, Mapping):
        return annotations
    return {key: value for key, value in annotations.items() if key.startswith(PREFIX)}


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class _Metadata(_Part):
    """Name of an object, and text for people."""

    name: Name
    display_name: str | None = None
    labels: dict[str, Any] | None = None


class Metadata(_Metadata):
    """Of an object that none of our annotations tunes."""

    annotations: Annotated[NoAnnotations, BeforeValidator(_ours)] | None = None


class SLOMetadata(_Metadata):
    """Of an SLO: budgets and alerts of history are under its name."""

    annotations: Annotated[SLOAnnotations, BeforeValidator(_ours)] | None = None


class PolicyMetadata(_Metadata):
    """Of an AlertPolicy: its name is the objective's."""

    annotations: Annotated[PolicyAnnotations, BeforeValidator(_ours)] | None = None


class BurnRate(_Part):
    """Breached while failures / budget is above `threshold` over the last `lookback_window` (ms).

    The threshold may be left to the annotation `slo-streams/budget-share` of the policy.
    """

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["gt", "gte"] = "gt"
    threshold: Annotated[PlainDecimal, Field(gt=0)] | None = None
    lookback_window: PositiveDurationMs
    alert_after: DurationMs = 0


class AlertConditionSpec(_Part):
    """What is measured, and how bad it is, as whoever receives the alert understands it."""

    description: str | None = None
    severity: str | None = None
    condition: BurnRate


class AlertCondition(_Part):
    """One threshold; a document of its own, or inside an AlertPolicy."""

    api_version: ApiVersion | None = None
    kind: Literal["AlertCondition"]
    metadata: Metadata
    spec: AlertConditionSpec


class ConditionRef(_Part):
    """An AlertCondition by name."""

    condition_ref: Name


def _condition_form(value: object) -> str:
    return "<ref>" if isinstance(value, Mapping) and "conditionRef" in value else "<inline>"


Condition = Annotated[
    Annotated[ConditionRef, Tag("<ref>")] | Annotated[AlertCondition, Tag("<inline>")], Discriminator(_condition_form)
]


class AlertPolicySpec(_Part):
    """When to publish; breaches and recoveries always are, so the switches can only say so."""

    description: str | None = None
    alert_when_breaching: Switch = True
    alert_when_resolved: Switch = True
    alert_when_no_data: Switch = False
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=1)]
    notification_targets: list[Any] | None = None

    @field_validator("alert_when_breaching", "alert_when_resolved")
    @classmethod
    def _is_on(cls, on: bool) -> bool:
        if not on:
            raise ValueError("false is not supported: every breach and every recovery is published")
        return on

    @field_validator("alert_when_no_data")
    @classmethod
    def _is_off(cls, on: bool) -> bool:
        if on:
            raise ValueError("true is not supported: silence never breaches; see the annotation slo-streams/silence")
        return on


class AlertPolicy(_Part):
    """One objective's rule; a document of its own, or inside an SLO."""

    api_version: ApiVersion | None = None
    kind: Literal["AlertPolicy"]
    metadata: PolicyMetadata
    spec: AlertPolicySpec


class PolicyRef(_Part):
    """An AlertPolicy by name."""

    alert_policy_ref: Name


def _policy_form(value: object) -> str:
    if isinstance(value, str):
        return "<name>"
    return "<ref>" if isinstance(value, Mapping) and "alertPolicyRef" in value else "<inline>"


Policy = Annotated[
    Annotated[Name, Tag("<name>")] | Annotated[PolicyRef, Tag("<ref>")] | Annotated[AlertPolicy, Tag("<inline>")],
    Discriminator(_policy_form),
]


class TimeWindow(_Part):
    """The period the target holds over (ms), rolling."""

    duration: PositiveDurationMs
    is_rolling: Switch

    @field_validator("is_rolling")
    @classmethod
    def _rolls(cls, rolling: bool) -> bool:
        if not rolling:
            raise ValueError("false is not supported: only rolling time windows are")
        return rolling


class Target(_Part):
    """The share of good events wanted, as a share or in percent."""

    display_name: str | None = None
    target: Annotated[PlainDecimal, Field(gt=0, le=1)] | None = None
    target_percent: Annotated[PlainDecimal, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _is_given_once(self) -> "Target":
        if (self.target is None) == (self.target_percent is None):
            raise ValueError("needs either target or targetPercent")
        return self

    @property
    def share(self) -> Fraction:
        """The target between 0 (excluded) and 1, digit for digit."""
        return Fraction(self.target or 0) + Fraction(self.target_percent or 0) / 100


class IndicatorMetadata(_Metadata):
    """Of an SLI: the metric it stands for."""

    name: MetricId
    annotations: Annotated[NoAnnotations, BeforeValidator(_ours)] | None = None


class Indicator(_Part):
    """An SLI inside an SLO; how others would ask for it is not used."""

    metadata: IndicatorMetadata
    spec: Any = None


class SLOSpec(_Part):
    """Which metric, how reliable, over which period, and the policies that watch it."""

    description: str | None = None
    service: str | None = None
    indicator: Indicator | None = None
    indicator_ref: MetricId | None = None
    time_window: Annotated[list[TimeWindow], Field(min_length=1, max_length=1)] | None = None
    budgeting_method: Literal["Occurrences"] = "Occurrences"
    objectives: Annotated[list[Target], Field(min_length=1, max_length=1)]
    alert_policies: list[Policy] | None = None

    @model_validator(mode="after")
    def _has_one_indicator(self) -> "SLOSpec":
        if (self.indicator is None) == (self.indicator_ref is None):
            raise ValueError("needs either indicatorRef, the id of a metric, or an indicator of that name")
        return self

    @property
    def metric(self) -> str:
        """Id of the metric."""
        return str(self.indicator_ref if self.indicator is None else self.indicator.metadata.name)

    @property
    def period_ms(self) -> int:
        """What the target holds over."""
        return self.time_window[0].duration if self.time_window else DEFAULT_PERIOD_MS


class SLO(_Part):
    """A target for one metric."""

    api_version: ApiVersion | None = None
    kind: Literal["SLO"]
    metadata: SLOMetadata
    spec: SLOSpec


class Other(_Part):
    """An object that is read and not used."""

    api_version: ApiVersion | None = None
    kind: Literal["Service", "SLI", "DataSource", "AlertNotificationTarget"]
    metadata: Metadata
    spec: Any = None
