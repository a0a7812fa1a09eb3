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

from schemas.fields import OnTheWire
from schemas.record import Record

_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length")

# Besides msgspec's own errors: invalid UTF-8 (a ValueError), nesting too deep.
_REFUSED = (msgspec.DecodeError, ValueError, RecursionError)


class Event(Protocol):
    """What a decoded event of any input topic has; the rest is named as in its model. Absent is None."""

    app_key: str
    scope: str
    time: int | str
    """As written: an integer is epoch ms within bounds, text is for `schemas.event_time.epoch_ms`."""
    group: str | None


def struct_of(model: type[Record], *, forbid_unknown_fields: bool = False) -> type[msgspec.Struct]:
    """The msgspec type with the model's names, types and limits; times stay as written."""
    hints = get_type_hints(model, include_extras=True)
    fields = [
        (name, _wire_type(hints[name]), msgspec.NODEFAULT if field.is_required() else field.default)
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


def _wire_type(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        written = [mark.type for mark in metadata if isinstance(mark, OnTheWire)]
        return _wire_type(written[0]) if written else Annotated[base, msgspec.Meta(**_limits(metadata))]
    if get_origin(annotation) in (Union, UnionType):
        return Union[tuple(_wire_type(member) for member in get_args(annotation))]  # noqa: UP007 - built at run time
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
    Good events are alike and bad ones few: what is refused together is tried in the slower way, then in halves.
    """

    def __init__(self, model: type[Record]) -> None:
        """For the events of this model."""
        self._exact = msgspec.json.Decoder(struct_of(model, forbid_unknown_fields=True)).decode
        self._tolerant = msgspec.json.Decoder(struct_of(model)).decode

    def decode(self, values: Sequence[bytes]) -> list[Any]:
        """An `Event` for each value, or None for one that the model has to judge; times are not yet checked.

        Values are decoded one by one, never joined: two broken ones could complete each other.
        """
        for decode_all in (self._exactly, self._tolerantly):
            with suppress(*_REFUSED):
                return decode_all(values)
        if len(values) == 1:
            return [None]
        half = len(values) // 2
        return self.decode(values[:half]) + self.decode(values[half:])

    def _exactly(self, values: Sequence[bytes]) -> list[Any]:
        return list(map(self._exact, values))

    def _tolerantly(self, values: Sequence[bytes]) -> list[Any]:
        events = list(map(self._tolerant, values))
        deque(map(orjson.loads, values), maxlen=0)
        return events
