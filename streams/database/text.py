"""Text that PostgreSQL takes: it knows every character but NUL, which JSON may hold and a name of a key may be."""

from typing import Any, Final

_NUL: Final = "\0"
_SYMBOL_FOR_NUL: Final = "\u2400"


def storable(text: str) -> str:
    """The text with the symbol for NUL in its place."""
    return text.replace(_NUL, _SYMBOL_FOR_NUL) if _NUL in text else text


def storable_json(value: Any) -> Any:
    """A JSON value with all its texts, names of fields too, made `storable`."""
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(name): storable_json(one) for name, one in value.items()}
        case list():
            return [storable_json(one) for one in value]
        case _:
            return value
