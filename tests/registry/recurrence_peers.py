"""Recurrence rules at random, and what independent libraries of another language say of them.

Every library is wrong somewhere, so only what the one that knows time zones and a second one of another descent agree
on is taken. `python -m tests.registry.recurrence_peers` writes the vectors anew; it needs node and npm.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from streams.registry.recurrence import occurrences
from streams.registry.recurrence_rule import InvalidRuleError
from tests.npm import install

VECTORS: Final = Path(__file__).parent / "recurrence_vectors.json"
_PEERS: Final = Path(__file__).parent / "peers"
_ASK_S: Final = 200
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
_COUNT: Final = 10

Case = dict[str, Any]


def confirmed(seed: int, size: int) -> list[Case]:
    """Rules with `startsMs` as at least two of the libraries have them.

    Raises:
        subprocess.SubprocessError: the libraries cannot be had, or do not answer.
    """
    cases = list(_cases(Random(seed), size))
    with TemporaryDirectory() as folder:
        install(_PEERS, Path(folder))
        command = ("node", "recurrence.mjs")
        ended = subprocess.run(
            command, cwd=folder, timeout=_ASK_S, check=True, capture_output=True, input=orjson.dumps(cases)
        )
    answers = orjson.loads(ended.stdout)
    return [case | {"startsMs": one["startsMs"]} for case, one in zip(cases, answers, strict=True) if _agree(one)]


def _agree(answer: dict[str, Any]) -> bool:
    shown = answer["shown"]
    return shown.get("temporal") is not None and shown["temporal"] in (shown["ical"], shown["rrule"])


def _cases(random: Random, size: int) -> Iterator[Case]:
    """Those of which enough come soon: the libraries search for ever where nothing comes."""
    while size:
        zone = random.choice(_ZONES)
        start = datetime(2026, 1, 1) + timedelta(minutes=15 * random.randrange(4 * 24 * 700))  # noqa: DTZ001
        rule = _rule(random)
        try:
            found = occurrences(rule, start.replace(tzinfo=ZoneInfo(zone)))
        except InvalidRuleError:
            continue
        if datetime.fromtimestamp(found.starts_ms[-1] / 1_000, ZoneInfo(zone)).year < 2070:
            size -= 1
            yield {"rule": rule, "zone": zone, "start": start.isoformat()}


def _rule(random: Random) -> str:
    frequency = random.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    is_yearly, has_week_numbers = frequency == "YEARLY", False

    def some(name: str, lowest: int, highest: int, most: int, *, back: bool = False) -> str:
        numbers = [random.randint(lowest, highest) for _ in range(random.randint(1, most))]
        signed = [-number if back and random.random() < 0.4 else number for number in numbers]
        return f"{name}={','.join(map(str, dict.fromkeys(signed)))}"

    parts = []
    if random.random() < 0.3:
        parts.append(some("BYMONTH", 1, 12, 3))
    if is_yearly and random.random() < 0.25:
        has_week_numbers = True
        parts.append(some("BYWEEKNO", 1, 53, 3, back=True))
    if is_yearly and random.random() < 0.2:
        parts.append(some("BYYEARDAY", 1, 366, 4, back=True))
    if frequency != "WEEKLY" and random.random() < 0.3:
        parts.append(some("BYMONTHDAY", 1, 31, 4, back=True))
    if random.random() < 0.5:
        is_nth = frequency in ("MONTHLY", "YEARLY") and not has_week_numbers and random.random() < 0.5
        days = dict.fromkeys(random.choice(_DAYS) for _ in range(random.randint(1, 3)))
        parts.append("BYDAY=" + ",".join(f"{random.choice((1, 2, 4, -1, -2)) if is_nth else ''}{day}" for day in days))
    if random.random() < 0.2:
        parts.append(some("BYHOUR", 0, 23, 3))
    if random.random() < 0.15:
        parts.append(some("BYMINUTE", 0, 59, 3))
    if parts and random.random() < 0.3:
        parts.append(some("BYSETPOS", 1, 4, 2, back=True))
    if random.random() < 0.4:
        parts.append(f"WKST={random.choice(_DAYS)}")
    return ";".join([f"FREQ={frequency}", f"INTERVAL={random.randint(1, 4)}", *parts, f"COUNT={_COUNT}"])


if __name__ == "__main__":
    vectors = confirmed(seed=1, size=400)
    lines = (orjson.dumps(one).decode() for one in vectors)
    VECTORS.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    sys.stdout.write(f"{len(vectors)} vectors\n")
