"""When recurring maintenance takes place: the rules of RFC 5545 (RRULE), by the wall clock of a time zone.

Own code, as the libraries to be had get corners wrong that operators write: the first week of BYSETPOS cut at the
start, `BYDAY=1MO,TU` as "both at once", all seven days of a week that BYWEEKNO names. A period is a day, week, month or
year; every BY part is a question to a day of it; BYSETPOS chooses among the answers. That is all there is to it.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Final

from streams.registry.recurrence_rule import Frequency, InvalidRuleError, Rule, WeekDay, read_rule

HORIZON: Final = timedelta(days=90)
"""How far a rule without COUNT and UNTIL is followed: somebody should look at it again."""

MAX_OCCURRENCES: Final = 1_000

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = datetime(2101, 1, 1, tzinfo=UTC)  # records speak of times before


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Starts, epoch milliseconds, in order. `is_cut`: the rule goes on after `HORIZON`."""

    starts_ms: tuple[int, ...]
    is_cut: bool


def occurrences(text: str, first: datetime) -> Occurrences:
    """The occurrences of a rule not before `first`, which gives their time of day and whose zone gives their clock.

    A time of day that a change of clocks leaves out is taken as if they had not yet changed; one that comes twice, is
    the first (RFC 5545, section 3.3.5), except that `first` itself may be the second.

    Raises:
        InvalidRuleError: it is no rule, is too frequent, or has no or more than 1,000 occurrences.
    """
    rule = read_rule(text)
    is_cut = rule.count is None and rule.until_ms is None
    first_ms, local = _ms(first), first.replace(tzinfo=None)
    last_ms = min(_ms(_END) - 1, _ms(first + HORIZON) if is_cut else rule.until_ms or _ms(_END))
    wanted = min(rule.count or MAX_OCCURRENCES + 1, MAX_OCCURRENCES + 1)
    # By the instants: clocks that are set back must not put two of them out of order.
    found: set[int] = set()
    for shown in _shown(_completed(rule, local), local, _day_after(last_ms)):
        start_ms = first_ms if shown == local else _ms(shown.replace(tzinfo=first.tzinfo))
        if first_ms <= start_ms <= last_ms:
            found.add(start_ms)
        if len(found) == wanted:
            break
    _check_number(rule, len(found))
    return Occurrences(tuple(sorted(found)), is_cut)


def _check_number(rule: Rule, found: int) -> None:
    if found > MAX_OCCURRENCES:
        raise InvalidRuleError(f"more than {MAX_OCCURRENCES:,} occurrences: bound the rule by COUNT or UNTIL")
    if found == 0 and rule.count is None and rule.until_ms is None:
        raise InvalidRuleError(f"the rule has no occurrence within {HORIZON.days} days: bound it by COUNT or UNTIL")
    if found == 0:
        raise InvalidRuleError("the rule has no occurrence from the start on")
    if rule.count is not None and found < rule.count:
        raise InvalidRuleError(f"only {found:,} occurrences until the year 2100: write COUNT={found}")


def _completed(rule: Rule, first: datetime) -> Rule:
    """With what the rule leaves open taken from the start."""
    own_day, own_month_day = frozenset({WeekDay(0, first.weekday())}), frozenset({first.day})
    is_open = not (rule.days or rule.month_days or rule.year_days)
    match rule.frequency:
        case Frequency.WEEKLY if is_open:
            rule = replace(rule, days=own_day)
        case Frequency.MONTHLY if is_open:
            rule = replace(rule, month_days=own_month_day)
        case Frequency.YEARLY if is_open and rule.week_numbers:
            rule = replace(rule, days=own_day)
        case Frequency.YEARLY if is_open:
            rule = replace(rule, month_days=own_month_day, months=rule.months or frozenset({first.month}))
    return replace(
        rule,
        hours=rule.hours or frozenset({first.hour}),
        minutes=rule.minutes or frozenset({first.minute}),
        seconds=rule.seconds or frozenset({first.second}),
    )


def _shown(rule: Rule, first: datetime, last: date) -> Iterator[datetime]:
    """What the clock shows at each occurrence, in order, from the day of `first` to that of `last`."""
    parts = product(sorted(rule.hours), sorted(rule.minutes), sorted(rule.seconds))
    times = [time(hour, minute, second, first.microsecond) for hour, minute, second in parts]
    for begin, end in _periods(rule, first.date(), last):
        days = [day for day in _days(begin, end) if _has(rule, day)]
        if rule.positions:
            # By index: a year of seconds is never spelled out.
            size = len(days) * len(times)
            indexes = sorted({position - 1 if position > 0 else size + position for position in rule.positions})
            places = (divmod(index, len(times)) for index in indexes if 0 <= index < size)
            yield from (datetime.combine(days[day], times[at]) for day, at in places)
        else:
            yield from (datetime.combine(day, at) for day in days if first.date() <= day <= last for at in times)


def _periods(rule: Rule, first: date, last: date) -> Iterator[tuple[date, date]]:
    """[begin, end) of the period that holds `first`, and of every INTERVALth after it that begins by `last`."""
    steps = 0
    while True:
        try:
            begin, end = _period(rule, first, steps)
        except (ValueError, OverflowError):
            return  # beyond the calendar
        if begin > last:
            return
        yield begin, end
        steps += rule.interval


def _period(rule: Rule, first: date, steps: int) -> tuple[date, date]:
    """The period so many after that of `first`."""
    match rule.frequency:
        case Frequency.DAILY:
            begin = first + steps * _DAY
            return begin, begin + _DAY
        case Frequency.WEEKLY:
            begin = _week(first, rule.week_start) + steps * _WEEK
            return begin, begin + _WEEK
        case Frequency.MONTHLY:
            months = 12 * first.year + first.month - 1 + steps
            return _month(months), _month(months + 1)
        case Frequency.YEARLY if rule.week_numbers:
            year = _week_year(first, rule.week_start) + steps
            return _first_week(year, rule.week_start), _first_week(year + 1, rule.week_start)
        case Frequency.YEARLY:
            return date(first.year + steps, 1, 1), date(first.year + steps + 1, 1, 1)


def _has(rule: Rule, day: date) -> bool:
    """Whether a day is what every BY part of the rule asks for."""
    return (
        (not rule.months or day.month in rule.months)
        and (not rule.month_days or not rule.month_days.isdisjoint(_both_ways(day.day, _month_length(day))))
        and (not rule.year_days or not rule.year_days.isdisjoint(_both_ways(_year_day(day), _year_length(day))))
        and (not rule.week_numbers or not rule.week_numbers.isdisjoint(_week_numbers(day, rule.week_start)))
        and (not rule.days or not rule.days.isdisjoint(_week_days(rule, day)))
    )


def _week_days(rule: Rule, day: date) -> set[WeekDay]:
    """All that a day is called: Sunday, the second Sunday, the last but three."""
    is_of_month = rule.frequency is Frequency.MONTHLY or bool(rule.months)
    at, size = (day.day, _month_length(day)) if is_of_month else (_year_day(day), _year_length(day))
    return {WeekDay(nth, day.weekday()) for nth in (0, (at - 1) // 7 + 1, (at - 1 - size) // 7)}


def _week_numbers(day: date, week_start: int) -> tuple[int, int]:
    year = _week_year(day, week_start)
    begin, end = _first_week(year, week_start), _first_week(year + 1, week_start)
    return _both_ways((day - begin).days // 7 + 1, (end - begin).days // 7)


def _both_ways(number: int, size: int) -> tuple[int, int]:
    """A place among so many, counted from the beginning and from the end."""
    return number, number - size - 1


def _week(day: date, week_start: int) -> date:
    """The first day of its week."""
    return day - (day.weekday() - week_start) % 7 * _DAY


def _week_year(day: date, week_start: int) -> int:
    """The year that has most of its week."""
    return (_week(day, week_start) + 3 * _DAY).year


def _first_week(year: int, week_start: int) -> date:
    """The first day of the first week that has four days of the year or more."""
    return _week(date(year, 1, 4), week_start)


def _month(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_day(day: date) -> int:
    return day.timetuple().tm_yday


def _year_length(day: date) -> int:
    return 365 + isleap(day.year)


def _days(begin: date, end: date) -> Iterator[date]:
    return (begin + number * _DAY for number in range((end - begin).days))


def _day_after(time_ms: int) -> date:
    """A day that no clock shows before the time."""
    return (datetime.fromtimestamp(time_ms / 1_000, UTC) + _DAY).date()


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
