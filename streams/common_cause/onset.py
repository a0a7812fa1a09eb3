"""When a breach began, and whose it is: all that common cause is found from."""

from dataclasses import dataclass

from streams.common_cause.scope import Scope


@dataclass(frozen=True, slots=True)
class Onset:
    """The begin of a breach, `breach_id`, at `at_ms`; `unit` is the partner, or the app itself where none is known.

    One that was told of after its boundary was judged is looked at from the next on, while it lies in the window.
    """

    breach_id: str
    app_key: str
    unit: str
    scopes: tuple[Scope, ...]
    at_ms: int
