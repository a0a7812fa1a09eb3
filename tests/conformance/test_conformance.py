"""The kit is what the model says, our own engine passes it, and what does not conform is told."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from streams.names import Topics
from streams.objectives import load_objectives
from streams.replay import Replay, read_line
from tests.conformance.cases import FOLDER, Case, cases, written

RUN = Path(__file__).parent / "run.py"
REPLAY = (
    f"env SLO_ALLOWED_LATENESS={{lateness}}ms {Path(sys.executable).parent / 'slo-streams'} "
    "replay {events} --objectives {objectives} --until {until}"
).split()


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, RUN, *arguments], capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout


def test_the_files_are_what_the_model_says() -> None:
    wanted = written()
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == set(wanted)
    assert [path for path, content in wanted.items() if path.read_bytes() != content] == []


@pytest.mark.parametrize("case", [*cases()], ids=lambda case: case.name)
def test_our_own_engine_conforms(case: Case) -> None:
    folder = FOLDER / case.name
    objectives = load_objectives(str(folder / "objectives.yaml"))
    assert [*objectives] == [*case.objectives]
    engine = Replay(objectives, case.lateness_ms, Topics(), 1)
    log = [read_line(line, at) for at, line in enumerate((folder / "events.ndjson").read_bytes().splitlines())]
    engine.reference(log)
    engine.records(log)
    wanted = [orjson.loads(line) for line in (folder / "alerts.ndjson").read_bytes().splitlines()]
    assert engine.finish(case.until_ms) == wanted


def test_the_runner_says_that_the_command_conforms() -> None:
    code, said = run("--case", "one-failed-check-pages-and-heals", "--", *REPLAY)
    assert (code, said.splitlines()) == (0, ["ok   one-failed-check-pages-and-heals", "1 of 1 cases conform"])


def test_the_runner_tells_what_does_not() -> None:
    name = "one-failed-check-pages-and-heals"
    wrong = "import json, sys\nfor line in open(sys.argv[1]).readlines()[:1] * 2: print(line"
    wrong += ".replace('\"badCount\":1', '\"badCount\":2'))"
    code, said = run("--case", name, "--", sys.executable, "-c", wrong, str(FOLDER / name / "alerts.ndjson"))
    assert code == 1
    breach, recovery = (_label(line) for line in (FOLDER / name / "alerts.ndjson").read_bytes().splitlines())
    assert said.splitlines() == [
        f"FAIL {name}",
        f"      twice: {breach}",
        f"      {breach}: badCount is 2, not 1",
        f"      missing: {recovery}",
        "0 of 1 cases conform",
    ]


def _label(line: bytes) -> str:
    alert = orjson.loads(line)
    return " ".join(alert[name] for name in ("type", "time", "appKey", "scope", "objective", "reason"))


def test_a_program_that_ends_badly_is_told() -> None:
    code, said = run("--case", "one-failed-check-pages-and-heals", "--", sys.executable, "-c", "raise SystemExit('no')")
    assert (code, said.splitlines()[1]) == (1, "      exit code 1: no")
