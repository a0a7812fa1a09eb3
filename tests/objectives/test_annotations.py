"""The annotations that people read of are those that the parser takes, with the defaults it has."""

from fractions import Fraction
from pathlib import Path

import pytest

from streams.durations import duration_ms
from streams.evaluation.objective import Judge, Objective, Silence
from streams.objectives import InvalidObjectivesError, ServiceLevel, load_objectives, read_objectives
from streams.objectives.annotations import ANNOTATIONS, Annotation
from tests.objectives.test_load import policy, slo

WRITTEN = {
    "slo-streams/hop": ("30s", "hop_ms", 30_000),
    "slo-streams/minimum-events": ('"20"', "minimum_events", 20),
    "slo-streams/recover-after": ("10m", "recover_after_ms", 600_000),
    "slo-streams/silence": ("hold", "silence", Silence.HOLD),
    "slo-streams/hold-for": ("2d", "hold_for_ms", 172_800_000),
    "slo-streams/short-window": ("5m", "short_ms", 300_000),
    "slo-streams/budget-share": ("2%", "budget", Fraction(2 * 28 * 96, 100 * 100)),
    "slo-streams/judged-by": ("history", "judge", Judge.HISTORY),
    "slo-streams/budget-levels": ('"100, 50"', "budget_levels", (50, 100)),
}
"""Annotation -> how it is written, the field it sets, and to what."""


def read(directory: Path, annotation: str, written: str, kind: str = "AlertPolicy") -> tuple[Objective, ServiceLevel]:
    """The objective and service level of a file that has an annotation at one kind of object."""
    line = f"{annotation}: {written}"
    of_policy = line if kind == "AlertPolicy" else ""
    slo_text = slo() if of_policy else slo().replace("{name: slo}", f"{{name: slo, annotations: {{{line}}}}}")
    text = slo_text + policy(annotations=of_policy)
    if annotation.endswith("budget-share"):
        text = text.replace("threshold: 1, ", "")
    file = directory / "objectives.yaml"
    file.write_text(text, encoding="utf-8")
    objectives = read_objectives(file)
    return objectives.all[0], objectives.service_levels[0]


def test_every_annotation_is_told_with_its_meaning() -> None:
    assert {annotation.name for annotation in ANNOTATIONS} == WRITTEN.keys()
    assert all(it.meaning and it.allowed and it.default for it in ANNOTATIONS)


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=lambda it: it.name)
def test_an_annotation_does_what_it_says_where_it_is_told_to_stand(tmp_path: Path, annotation: Annotation) -> None:
    written, name, value = WRITTEN[annotation.name]
    objective, level = read(tmp_path, annotation.name, written, kind=annotation.kind)
    found = getattr(objective if annotation.kind == "AlertPolicy" else level, name)
    assert found == value
    other = "SLO" if annotation.kind == "AlertPolicy" else "AlertPolicy"
    with pytest.raises(InvalidObjectivesError, match="is no annotation of this object"):
        read(tmp_path, annotation.name, written, kind=other)


def test_the_defaults_are_those_told(tmp_path: Path) -> None:
    told = {annotation.name.removeprefix("slo-streams/"): annotation.default for annotation in ANNOTATIONS}
    objective, level = read(tmp_path, "slo-streams/hop", "60s")
    assert duration_ms(told["recover-after"]) == objective.recover_after_ms
    assert duration_ms(told["hold-for"]) == objective.hold_for_ms
    assert told["minimum-events"] == str(objective.minimum_events)
    assert (told["short-window"], objective.short_ms) == ("none", None)
    assert (told["budget-levels"], level.budget_levels) == ("none", ())


@pytest.mark.parametrize(
    ("window", "hop_s", "judge"),
    [("6h", 60, Judge.WORKER), ("365m", 300, Judge.WORKER), ("24h", 300, Judge.WORKER), ("25h", 300, Judge.HISTORY)],
)
def test_what_goes_by_the_window(tmp_path: Path, window: str, hop_s: int, judge: Judge) -> None:
    file = tmp_path / "objectives.yaml"
    file.write_text(slo() + policy(condition=f"lookbackWindow: {window}"), encoding="utf-8")
    (objective,) = load_objectives(file)
    assert (objective.hop_ms, objective.judge) == (hop_s * 1_000, judge)
    assert {it.name: it.default for it in ANNOTATIONS}["slo-streams/hop"] == "60s for windows up to 6h, else 300s"
    assert {it.name: it.default for it in ANNOTATIONS}["slo-streams/judged-by"].startswith(
        "worker for windows up to 24h"
    )
