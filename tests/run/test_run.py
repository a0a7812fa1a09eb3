"""`slo-streams run` as a viewer meets it: everything comes up, alerts come by, and nothing is left behind."""

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

import orjson
import pytest

from schemas.event_time import epoch_ms
from streams.names import METRICS, WEBHOOK
from streams.run.sample import DURATION_MS
from streams.run.sample_story import HIT_BY_PLATFORM_FAULT, OUTAGES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

KINDS = ("BREACH", "RECOVERY")
TITLES = [metric.title.removeprefix("{scope} ") for metric in METRICS.values()]
COMMAND = (sys.executable, "-m", "streams.cli", "run")
IS_UP = "explain com.example.flaky availability"
END_TIMEOUT_S = 180


class Run:
    """A running `slo-streams run` on a pipe."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self.began_s = time.monotonic()

    def read_until(self, is_enough: Callable[[list[str]], bool]) -> None:
        """Read line by line until there is enough, or the output ends."""
        assert self.process.stdout is not None
        while not is_enough(self.lines):
            line = self.process.stdout.readline()
            assert line, self.output
            self.lines.append(line)

    def wait_until_up(self) -> set[int]:
        """Read until all is started; the children."""
        self.read_until(lambda lines: IS_UP in lines[-1] if lines else False)
        children = children_of(self.process.pid)
        # Kafka, PostgreSQL, the worker, history, the notifier and the dashboard
        assert len(children) == 6, self.output
        return children

    def says(self, *arguments: str) -> Any:
        """What a command says, typed in another terminal as the first one invites to."""
        invited = dict(shlex.split(line)[1].split("=", 1) for line in self.lines if line.startswith("  export "))
        command = [*COMMAND[:-1], *arguments]
        said = subprocess.run(
            command, env=os.environ | invited, capture_output=True, text=True, timeout=120, check=True
        )
        return orjson.loads(said.stdout) if "--json" in arguments else said.stdout

    def wait_for(self, is_so: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Ask until it is so, while what is printed is read as it comes."""
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert time.monotonic() < deadline, f"waited for {what}\n{self.output}"
            self._read_what_is_there()

    def _read_what_is_there(self) -> None:
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], 1.0)[0]:
            line = self.process.stdout.readline()
            assert line, self.output
            self.lines.append(line)

    def finish(self) -> int:
        """Read to the end; the exit code."""
        rest, _ = self.process.communicate(timeout=END_TIMEOUT_S)
        self.lines += rest.splitlines(keepends=True)
        return self.process.returncode

    @property
    def output(self) -> str:
        """All that was read so far."""
        return "".join(self.lines)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty one whose path is short, as that of a socket in it has to be."""
    with TemporaryDirectory(prefix="run-") as name:
        yield Path(name)


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[Run]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLO_")}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=clean | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield Run(process)
        finally:
            process.kill()


def children_of(parent: int) -> set[int]:
    """Processes that this one started, without those that have ended."""
    return {pid for pid, state, ppid in processes() if ppid == parent and state != "Z"}


def are_gone(pids: set[int]) -> bool:
    """Whether all have ended, within a moment."""
    deadline = time.monotonic() + 60
    while any(pid in pids and state != "Z" for pid, state, _ in processes()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes() -> Iterator[tuple[int, str, int]]:
    """(pid, state, pid of the parent) of every process. Source: proc(5)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields: list[Any] = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        yield int(stat.parent.name), fields[0], int(fields[1])


def wait_for_mails(folder: Path) -> None:
    """Wait until a breach and a recovery were mailed."""
    deadline_s = time.monotonic() + END_TIMEOUT_S
    while not all(list(folder.glob(f"*/*-{kind}-*.eml")) for kind in KINDS):
        assert time.monotonic() < deadline_s, "no mails"
        time.sleep(0.1)


def first_page(output: str) -> str:
    """What the link shows that is to be opened first."""
    found = re.search(r"Open this first: (http://127.0.0.1:\d+/\S+)", output)
    assert found is not None, output
    browser = build_opener(HTTPCookieProcessor())
    with browser.open(found[1], timeout=120) as response:
        return str(response.read().decode())


def transitions(lines: list[str]) -> set[tuple[str, str]]:
    """(kind, metric) of the alerts shown."""
    return {(kind, title) for line in lines for kind in KINDS for title in TITLES if kind in line and title in line}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def time_of_day_s(text: str) -> int:
    """Of a line's time, '16:09:00Z'."""
    hours, minutes, seconds = map(int, text.removesuffix("Z").split(":"))
    return (60 * hours + minutes) * 60 + seconds


class TestRun:
    def test_every_metric_breaches_and_recovers_until_it_is_told_to_end(self, folder: Path) -> None:
        with running(TMPDIR=str(folder)) as run:
            children = run.wait_until_up()
            assert "<h1>Error budgets" in first_page(run.output)
            run.read_until(lambda lines: len(transitions(lines)) == len(KINDS) * len(TITLES))
            wait_for_mails(folder)
            run.process.send_signal(signal.SIGTERM)
            assert run.finish() == 0, run.output
        assert "\x1b" not in run.output
        assert run.output.count("events judged") <= 1 + (time.monotonic() - run.began_s) / 60  # one a minute
        # Those of the last two hours come before those of now, each in the order of time.
        times = [line[:9] for line in run.lines if transitions([line]) and "com.example.flaky" not in line]
        later_s = [(time_of_day_s(time) - time_of_day_s(times[0])) % 86_400 for time in times]  # over midnight, too
        assert later_s == sorted(later_s)
        assert are_gone(children)
        [mails] = folder.iterdir()
        assert f"in {mails}: open one with any mail reader." in run.lines[-1]

    @pytest.mark.long
    @pytest.mark.timeout(1_200)
    def test_its_platform_fault_is_found_confirmed_and_taken_out_of_the_budgets(self, folder: Path) -> None:
        faults = [
            one for one in OUTAGES if (one.metric, one.app_key) in {(WEBHOOK, app) for app in HIT_BY_PLATFORM_FAULT}
        ]
        began_ms = min(one.start_min for one in faults) * 60_000 - DURATION_MS  # from the end of the sample
        earliest_ms = time.time() * 1_000 + began_ms
        with running("--data", str(folder)) as run:
            run.wait_until_up()
            latest_ms = time.time() * 1_000 + began_ms

            def candidates() -> list[dict[str, Any]]:
                listed = run.says("incidents", "list", "--json")
                return [one for one in listed if set(one["apps"]) == set(HIT_BY_PLATFORM_FAULT)]

            run.wait_for(lambda: bool(candidates()), 600, "the incident")
            (found,) = candidates()
            assert (found["verdict"], found["state"]) == ("CANDIDATE", "TRIAGE")
            assert found["commonCause"] == {"kind": "product-metric", "name": f"Jira/{WEBHOOK.id}"}
            # Its first impact may be a failure of the minutes before that has nothing to do with it.
            assert earliest_ms - 15 * 60_000 <= epoch_ms(found["start"]) <= latest_ms + 5 * 60_000
            before = self.budgets(run)
            assert min(before.values()) > 0
            run.says("incidents", "confirm", found["id"], "--fault", "PLATFORM", "--why", "webhooks were not delivered")
            run.says("incidents", "approve-exclusion", found["id"], "--why", "the platform's own")
            run.wait_for(
                lambda: all(bad < before[app_key] / 4 for app_key, bad in self.budgets(run).items()),
                300,
                f"the budgets to heal from {before}",
            )
            run.process.send_signal(signal.SIGTERM)
            assert run.finish() == 0, run.output

    @staticmethod
    def budgets(run: Run) -> dict[str, int]:
        """App that is hit -> how many of its webhooks failed, by its budget."""
        found = {}
        for app_key in HIT_BY_PLATFORM_FAULT:
            (of_webhooks,) = [
                one
                for one in run.says("budgets", app_key, "--json")["items"]
                if one["metricId"] == WEBHOOK.id and one["scope"] == "Jira"
            ]
            found[app_key] = of_webhooks["badCount"]
        return found

    def test_it_ends_by_itself_and_keeps_a_named_folder(self, folder: Path) -> None:
        data = folder / "data"
        with running("--for", "5s", "--data", str(data)) as run:
            children = run.wait_until_up()
            assert run.finish() == 0, run.output
        assert are_gone(children)
        assert (data / "worker.log").exists()

    def test_a_reader_that_goes_ends_it(self, folder: Path) -> None:
        with running("--data", str(folder)) as run:
            children = run.wait_until_up()
            assert run.process.stdout is not None
            run.process.stdout.close()
            assert run.process.wait(END_TIMEOUT_S) == 0
        assert are_gone(children)

    def test_nothing_outlives_it_even_when_it_is_killed(self, folder: Path) -> None:
        with running("--data", str(folder)) as run:
            children = run.wait_until_up()
            run.process.kill()
        assert are_gone(children)
