"""Ids of incidents and of their deliveries on the command line: one of 64 begins with a dash, and is no option."""

import re
from typing import Any, Final

from typer.core import TyperCommand

_DASHED: Final = re.compile(r"-[A-Za-z0-9_-]{10}(-(breach|recovery|reminder-\d+)(\.[0-9a-f]{10})?)?")


class WithIds(TyperCommand):
    """A command whose last arguments are such ids."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what is an id by its form as an argument."""
        if "--" not in args:
            ids = [one for one in args if _DASHED.fullmatch(one)]
            args = [*(one for one in args if one not in ids), *(["--", *ids] if ids else [])]
        return super().parse_args(ctx, args)
