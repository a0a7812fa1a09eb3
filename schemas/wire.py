"""The fast way to read events: typed decoders derived from the models, so that there is one source of truth.

Whatever these decoders accept, `orjson.loads` and the model accept too, with equal values. The reverse need not hold:
what they refuse is given to the model, which has the last word and names the fault.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin, get_type_hints

import msgspec
import orjson
from pydantic.fields import FieldInfo

from schemas.event_time import epoch_ms
from schemas.fields import OnTheWire
from schemas.record import Record

_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length")

# Besides msgspec's own errors: invalid UTF-8 (a ValueError), nesting too deep.
_REFUSED = (msgspec.DecodeError, ValueError, RecursionError)


class Event(Protocol):
    """What a decoded event of any input topic has; the rest is named as in its model. Absent is None."""

    app_key: str
    scope: str
    time: int
    """Epoch ms, however it was written."""
    group: str | None


def _struct_of(
    model: type[Record], *, forbid_unknown_fields: bool = False, times_as_text: bool = True
) -> type[msgspec.Struct]:
    """The msgspec type with the model's names, types and limits; a time that is text stays text."""
    hints = get_type_hints(model, include_extras=True)
    fields = [
        (name, _wire_type(hints[name], times_as_text), msgspec.NODEFAULT if field.is_required() else field.default)
        for name, field in model.model_fields.items()
    ]
    return msgspec.defstruct(
        model.__name__,
        fields,
        rename={name: field.alias or name for name, field in model.model_fields.items()},
        forbid_unknown_fields=forbid_unknown_fields,
        kw_only=True,
        gc=False,
    )


def _wire_type(annotation: Any, times_as_text: bool) -> Any:
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        for mark in metadata:
            if isinstance(mark, OnTheWire):
                return _wire_type(mark.alike | mark.otherwise if times_as_text else mark.alike, times_as_text)
        return Annotated[base, msgspec.Meta(**_limits(metadata))]
    if get_origin(annotation) in (Union, UnionType):
        members = tuple(_wire_type(member, times_as_text) for member in get_args(annotation))
        return Union[members]  # noqa: UP007 - built at run time
    return annotation


def _limits(metadata: Iterable[object]) -> dict[str, Any]:
    constraints = [constraint for mark in metadata if isinstance(mark, FieldInfo) for constraint in mark.metadata]
    return {
        name: getattr(constraint, name) for constraint in constraints for name in _LIMITS if hasattr(constraint, name)
    }


class EventDecoder:
    """Decodes the values of one input topic.

    msgspec skips a field it does not know without reading it: there it passes invalid UTF-8, numbers no double can
    hold and any depth the interpreter allows, all of which orjson refuses. A decoder that forbids unknown fields
    skips nothing, so it is tried first and needs no second look; events with new fields cost a pass of orjson more.
    Most producers write times as numbers, which need no conversion: text is for the second try. Good events are alike
    and bad ones few: what is refused together is tried in the slower ways, then in halves.
    """

    def __init__(self, model: type[Record]) -> None:
        """For the events of this model."""
        usual = _struct_of(model, forbid_unknown_fields=True, times_as_text=False)
        self._usual = msgspec.json.Decoder(usual).decode
        self._exact = msgspec.json.Decoder(_struct_of(model, forbid_unknown_fields=True)).decode
        self._tolerant = msgspec.json.Decoder(_struct_of(model)).decode

    def decode(self, values: Sequence[bytes]) -> list[Any]:
        """An `Event` for each value, or None for one that the model has to judge.

        Values are decoded one by one, never joined: two broken ones could complete each other.
        """
        for decode_all in (self._usually, self._exactly, self._tolerantly):
            with suppress(*_REFUSED):
                return decode_all(values)
        if len(values) == 1:
            return [None]
        half = len(values) // 2
        return self.decode(values[:half]) + self.decode(values[half:])

    def _usually(self, values: Sequence[bytes]) -> list[Any]:
        return list(map(self._usual, values))

    def _exactly(self, values: Sequence[bytes]) -> list[Any]:
        return _timed(map(self._exact, values))

    def _tolerantly(self, values: Sequence[bytes]) -> list[Any]:
        deque(map(orjson.loads, values), maxlen=0)
        return _timed(map(self._tolerant, values))


def _timed(events: Iterable[Any]) -> list[Any]:
    """The events with their times in epoch ms; None where the text is no time."""
    return [event if type(event.time) is int else _converted(event) for event in events]


def _converted(event: Any) -> Any:
    try:
        event.time = epoch_ms(event.time)
    except ValueError:
        return None
    return event
