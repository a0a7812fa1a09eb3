"""Names that begin with a dash."""

from typing import Any, Final

DASHED: Final[dict[str, Any]] = {"ignore_unknown_options": True}
"""For a command whose arguments are ids of incidents: one of 64 begins with a dash, and is no option for that."""
