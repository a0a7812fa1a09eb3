"""The fast way to read events: typed decoders derived from the models, so that there is one source of truth.

Whatever these decoders accept, `read_json` and the model accept too, with equal values. The reverse need not hold:
what they refuse is given to the model, which has the last word and names the fault.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Protocol, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic.fields import FieldInfo

from schemas.event_time import read_times
from schemas.fields import NobodyReads, OnTheWire
from schemas.json_text import MAX_DEPTH
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


@cache  # a worker decodes in every partition, and a type takes a millisecond to make
def _struct_of(
    model: type[Record],
    *,
    forbid_unknown_fields: bool = False,
    times_as_text: bool = True,
    with_unread: bool = True,
) -> type[msgspec.Struct]:
    """The msgspec type with the model's names, types and limits; a time that is text stays text."""
    hints = get_type_hints(model, include_extras=True)
    fields = [
        (name, _wire_type(hints[name], times_as_text), msgspec.NODEFAULT if field.is_required() else field.default)
        for name, field in model.model_fields.items()
        if with_unread or not any(isinstance(mark, NobodyReads) for mark in field.metadata)
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
            if isinstance(mark, NobodyReads):
                return mark.usually
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


_Way = Callable[[Iterator[bytes]], Iterable[Any]]
"""Takes value after value, until one is refused."""


class EventDecoder:
    """Decodes the values of one input topic, each in the fastest way that takes it.

    - usual: no field that is unknown, times as numbers. msgspec reads every byte.
    - exact: times as text, too.
    - tolerant: unknown fields, and whatever is in those that nobody reads. msgspec skips them by JSON's grammar, but
      passes invalid UTF-8 there, and any depth the interpreter allows: both are looked at before.

    Good events are alike, so what took one value is tried first on those behind it. Each value is read once in each way
    at most, whatever lies beside it.
    """

    def __init__(self, model: type[Record]) -> None:
        """For the events of this model."""
        usual = _struct_of(model, forbid_unknown_fields=True, times_as_text=False)
        self._usual = msgspec.json.Decoder(usual).decode
        self._exact: Callable[[bytes], Any] = msgspec.json.Decoder(_struct_of(model, forbid_unknown_fields=True)).decode
        self._tolerant: Callable[[bytes], Any] = msgspec.json.Decoder(_struct_of(model, with_unread=False)).decode
        self._ways: Final[tuple[_Way, ...]] = (self._usually, self._exactly, self._tolerantly)

    def decode(self, values: Sequence[bytes]) -> list[Any]:
        """An `Event` for each value, or None for one that the model has to judge.

        Values are decoded one by one, never joined: two broken ones could complete each other. An event that was read
        in the tolerant way has no fields that nobody reads.
        """
        events: list[Any] = []
        rest = iter(values)
        way = 0
        while True:
            try:
                events.extend(self._ways[way](rest))
            except _REFUSED:  # the events before it were kept
                way = self._add_slowly(values[len(events)], events, way)
            else:
                break
        if way:
            read_times(events)
        return events

    def _add_slowly(self, value: bytes, events: list[Any], refused_by: int) -> int:
        """Add what a value says, or None; which way to go on with."""
        for way in range(refused_by + 1, len(self._ways)):
            with suppress(*_REFUSED):
                events.extend(self._ways[way](iter((value,))))
                return way
        events.append(None)
        return refused_by

    def _usually(self, values: Iterator[bytes]) -> Iterable[Any]:
        return map(self._usual, values)

    def _exactly(self, values: Iterator[bytes]) -> Iterable[Any]:
        return map(self._exact, values)

    def _tolerantly(self, values: Iterator[bytes]) -> Iterable[Any]:
        return map(self._tolerant, map(_sound, values))


def _sound(value: bytes) -> bytes:
    """The value, once it is UTF-8 and not too deep."""
    if not value.isascii():
        value.decode()
    if len(value) > 2 * MAX_DEPTH and value.count(b"[") + value.count(b"{") > MAX_DEPTH:  # a level opens and closes
        raise RecursionError
    return value
