"""What OpenSLO has no field for: the annotations `slo-streams/...`, each with its default and what it may be.

The models are the parser; `ANNOTATIONS` says the same for people. A field's docstring is its meaning.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from streams.evaluation.objective import HOLD_FOR_MS, Judge, Silence
from streams.objectives.scalars import (
    DurationMs,
    Levels,
    PositiveDurationMs,
    Share,
    WholeNumber,
    WholeSecondsMs,
)

PREFIX: Final = "slo-streams/"


@dataclass(frozen=True, slots=True)
class Told:
    """How an annotation is told to people: what it may be, and what holds without it."""

    allowed: str
    default: str


class Annotations(BaseModel):
    """Those of one kind of object; further ones under our prefix are refused."""

    model_config = ConfigDict(
        alias_generator=lambda name: PREFIX + name.replace("_", "-"),
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )


class NoAnnotations(Annotations):
    """Where ours would be without effect."""


class SLOAnnotations(Annotations):
    """Those of an SLO."""

    budget_levels: Annotated[Levels, Told('percents, as "50,75,90,100"', "none")] = ()
    """Parts of the error budget at whose use history alerts: `objective` is then `<SLO>/budget-<level>`."""


class PolicyAnnotations(Annotations):
    """Those of an AlertPolicy. None: the default, which may depend on the rest of the rule."""

    hop: Annotated[
        WholeSecondsMs | None, Told("a duration of whole seconds, at least 1s", "60s for windows up to 6h, else 300s")
    ] = None
    """How often the window is judged; the windows are multiples of it."""
    minimum_events: Annotated[WholeNumber, Field(ge=1), Told("a whole number, at least 1", "1")] = 1
    """A window with fewer counted events is not judged."""
    recover_after: Annotated[DurationMs, Told("a duration", "0s")] = 0
    """For how long the objective has to be met before a breach recovers."""
    silence: Annotated[
        Silence | None, Told("recover or hold", f"hold for app-availability, else {Silence.RECOVER}")
    ] = None
    """What a window without a counted event does to a breach."""
    hold_for: Annotated[PositiveDurationMs, Told("a duration above 0s", "7d")] = HOLD_FOR_MS
    """How long a breach is held through silence, where silence holds it."""
    short_window: Annotated[
        WholeSecondsMs | None, Told("a multiple of the hop, shorter than lookbackWindow", "none")
    ] = None
    """A second window that ends with the first: below the objective is only what is below it in both."""
    budget_share: Annotated[Share | None, Told("a percentage above 0 %, as 2%", "none")] = None
    """Instead of `threshold`: the share of the budget of the SLO's time window that is used within lookbackWindow."""
    judged_by: Annotated[Judge | None, Told("worker or history", "worker for windows up to 24h, else history")] = None
    """Who judges it: the worker within seconds, or history, which keeps weeks."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation, for a page of reference."""

    name: str
    kind: str
    meaning: str
    allowed: str
    default: str


def _annotations(kind: str, model: type[Annotations]) -> list[Annotation]:
    hints = get_type_hints(model, include_extras=True)
    return [
        Annotation(str(field.alias), kind, str(field.description), told.allowed, told.default)
        for name, field in model.model_fields.items()
        for told in _told(hints[name])
    ]


def _told(hint: Any) -> list[Told]:
    return [mark for mark in get_args(hint) if isinstance(mark, Told)] if get_origin(hint) is Annotated else []


ANNOTATIONS: Final = (*_annotations("AlertPolicy", PolicyAnnotations), *_annotations("SLO", SLOAnnotations))


def named(model: type[Annotations]) -> str:
    """The names of a model's annotations without their prefix, in one phrase; empty where it has none."""
    names = [str(field.alias).removeprefix(PREFIX) for field in model.model_fields.values()]
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else ""
