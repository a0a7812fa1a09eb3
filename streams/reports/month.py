"""Months of the calendar, UTC. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month: its minutes since 1970 are [start, end)."""

    year: int
    month: int

    @classmethod
    def named(cls, name: str) -> "Month":
        """By its name, `2026-03`.

        Raises:
            ValueError: it is none.
        """
        try:
            first = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
        except ValueError:
            raise ValueError(f"{name!r} is no month, as 2026-03") from None
        return cls(first.year, first.month)

    @classmethod
    def before(cls, moment: datetime) -> "Month":
        """The last month that was over at a moment."""
        moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month).moved(-1)

    def moved(self, months: int) -> "Month":
        """So many months later."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return Month(year, month + 1)

    @property
    def start(self) -> int:
        """Its first minute since 1970."""
        return self.first_ms // _MINUTE_MS

    @property
    def end(self) -> int:
        """The minute behind its last."""
        return self.moved(1).start

    @property
    def first_ms(self) -> int:
        """Its first millisecond since 1970."""
        return int(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp()) * 1_000

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"
