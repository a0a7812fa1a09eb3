"""The part of OpenSLO v1 that objectives are written in: SLO, AlertPolicy and AlertCondition.

Source: the OpenSLO v1 specification (github.com/OpenSLO/OpenSLO). Fields that change nothing here (display names,
labels, descriptions, severity, notification targets) are accepted; a field or value that would change what an
objective means, and is not supported, is refused.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator
from pydantic.alias_generators import to_camel

from streams.evaluation.objective import Silence
from streams.objectives.scalars import (
    DurationMs,
    MetricId,
    Name,
    PlainDecimal,
    PositiveDurationMs,
    Switch,
    WholeNumber,
    WholeSecondsMs,
)

ApiVersion: TypeAlias = Literal["openslo/v1", "openslo.com/v1"]
VARIANTS: Final = ("<name>", "<ref>", "<inline>")  # of a union; pydantic puts them into error locations
_OUR_PREFIX: Final = "slo-streams/"


def _ours(annotations: object) -> object:
    """The annotations under our prefix; those of other tools are none of our business."""
    if not isinstance(annotations, Mapping):
        return annotations
    return {key: value for key, value in annotations.items() if key.startswith(_OUR_PREFIX)}


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Tuning(_Part):
    """What OpenSLO has no field for: the annotations `slo-streams/...` of an AlertPolicy. None: the default."""

    model_config = ConfigDict(alias_generator=lambda name: _OUR_PREFIX + name.replace("_", "-"))

    hop: WholeSecondsMs | None = None
    minimum_events: Annotated[WholeNumber, Field(ge=1)] = 1
    recover_after: DurationMs = 0
    silence: Silence | None = None


class NoTuning(_Part):
    """Annotations of an SLO or AlertCondition: ours would be without effect there, so they are refused."""


class Metadata(_Part):
    """Name of an object, and text for people."""

    name: Name
    display_name: str | None = None
    labels: dict[str, Any] | None = None
    annotations: Annotated[NoTuning, BeforeValidator(_ours)] | None = None


class PolicyMetadata(_Part):
    """Metadata of an AlertPolicy: its name is the objective's, its annotations tune it."""

    name: Name
    display_name: str | None = None
    labels: dict[str, Any] | None = None
    annotations: Annotated[Tuning, BeforeValidator(_ours)] | None = None


class BurnRate(_Part):
    """Breached while failures / budget is above `threshold` over the last `lookback_window` (ms)."""

    kind: Literal["burnrate"] = "burnrate"
    op: Literal["gt", "gte"] = "gt"
    threshold: Annotated[PlainDecimal, Field(gt=0)]
    lookback_window: PositiveDurationMs
    alert_after: DurationMs = 0


class AlertConditionSpec(_Part):
    """What is measured, and how bad it is; severity is the business of who receives the alert."""

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


class SLOSpec(_Part):
    """Which metric, how reliable, and the policies that watch it."""

    description: str | None = None
    service: str | None = None
    indicator_ref: MetricId
    time_window: Annotated[list[TimeWindow], Field(min_length=1, max_length=1)]
    budgeting_method: Literal["Occurrences"]
    objectives: Annotated[list[Target], Field(min_length=1, max_length=1)]
    alert_policies: Annotated[list[Policy], Field(min_length=1)]


class SLO(_Part):
    """A target for one metric."""

    api_version: ApiVersion | None = None
    kind: Literal["SLO"]
    metadata: Metadata
    spec: SLOSpec
