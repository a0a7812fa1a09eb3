"""Parameters that several endpoints take."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from schemas.event_time import epoch_ms
from streams.dashboard.queries.page import MOST, USUAL
from streams.history.steps import STEPS_S
from streams.names import COUNTED


def _time_ms(text: object) -> object:
    return epoch_ms(int(text) if text.isdecimal() else text) if isinstance(text, str) else text


def _metric(name: str) -> str:
    if name not in COUNTED:
        raise ValueError(f"it is none of {', '.join(COUNTED)}")
    return name


def _step(seconds: int) -> int:
    if seconds not in STEPS_S:
        raise ValueError(f"it is none of {', '.join(map(str, STEPS_S))}")
    return seconds


Text = Annotated[str, StringConstraints(max_length=2_048, pattern=r"^[^\x00]*$")]
AppKey = Annotated[Text, Query(description="The key of an app; one that you do not see is not there: 404.")]
MetricId = Annotated[
    str, AfterValidator(_metric), Query(description="The id of a metric.", json_schema_extra={"enum": list(COUNTED)})
]
TimeMs = Annotated[
    int,
    BeforeValidator(_time_ms),
    Query(json_schema_extra={"type": "string", "format": "date-time"}, description="RFC 3339, or epoch milliseconds."),
]
Cursor = Annotated[Text, Query(description="The `next` of the page before; all other parameters as there.")]
Partner = Annotated[Text, Query(description="The id of a partner.")]
MonthName = Annotated[
    str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"), Query(description="2026-03, in UTC.")
]
StepS = Annotated[
    int, AfterValidator(_step), Query(json_schema_extra={"enum": list(STEPS_S)}, description="Seconds of a step.")
]
Limit = Annotated[int, Query(ge=1, le=MOST, description=f"Most rows of a page; {USUAL} unless given.")]
