"""What holds for every command: a listing is there as JSON, and its end is told by the codes that are documented."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import streams
from streams.cli.app import app
from streams.exits import MEANINGS, ExitCode
from tests.cli.tree import called_commands

COMMANDS = called_commands()

SERVICES = {"broker", "dashboard", "database start", "gateway", "history", "notifier", "prober", "run", "supervise"}
SERVICES |= {"worker"}
ACTS = {"apps import", "dashboard embed", "dashboard link", "dashboard logout", "dashboard token add"}
ACTS |= {"dashboard token revoke", "database migrate", "deliveries retry", "exclude add", "exclude end"}
ACTS |= {"incidents confirm", "incidents dismiss", "incidents note", "incidents pir", "incidents raise"}
ACTS |= {"incidents report", "incidents state", "installations add", "installations remove", "rejected redrive"}
ACTS |= {"silence add", "silence end", "targets send-test"}
WITHOUT_JSON = {
    **dict.fromkeys(SERVICES, "runs until it is stopped, and logs"),
    **dict.fromkeys(ACTS, "says in a line what it did"),
    "export": "writes what `replay` reads, which is JSON",
    "replay": "writes alerts, which are JSON",
    "watch": "answers by its exit code",
}


def codes_of(command: Any) -> list[int]:
    """Those that the help of a command names."""
    _, _, told = command.help.partition("Exit codes:")
    return [int(code) for code in re.findall(r"^ +(\d+) ", told, re.MULTILINE)]


def can_be_called_alone(command: Any) -> bool:
    return not any(parameter.required for parameter in command.params)


ASKING = [
    path
    for path, command in COMMANDS.items()
    if ExitCode.UNAVAILABLE in codes_of(command)
    and can_be_called_alone(command)
    and " ".join(path) not in {*SERVICES, "deliveries retry"}
]


def test_every_listing_is_there_as_json() -> None:
    tabular = {
        " ".join(path)
        for path, command in COMMANDS.items()
        if "--json" not in {option for parameter in command.params for option in parameter.opts}
    }
    assert tabular == WITHOUT_JSON.keys()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_names_exit_codes_of_the_table(path: tuple[str, ...]) -> None:
    codes = codes_of(COMMANDS[path])
    assert codes[0] == ExitCode.DONE
    assert codes == sorted(set(codes) & set(ExitCode))


def test_every_code_has_a_meaning() -> None:
    assert list(MEANINGS) == list(ExitCode)


def test_nothing_ends_with_another_code() -> None:
    ends = {"Exit", "exit", "_exit", "fail"}
    found = {
        given.value
        for file in Path(streams.__path__[0]).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "attr", getattr(call.func, "id", None)) in ends
        for given in (*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "code"))
        if isinstance(given, ast.Constant) and isinstance(given.value, int)
    }
    assert {0, 1, 2} <= found <= set(ExitCode)


@pytest.mark.parametrize("path", ASKING, ids=" ".join)
def test_where_nobody_answers_it_says_so(path: tuple[str, ...]) -> None:
    nowhere = {"SLO_BOOTSTRAP_SERVERS": "127.0.0.1:1", "SLO_DATABASE_URL": "postgresql://anybody@127.0.0.1:1/any"}
    result = CliRunner().invoke(app, path, env=nowhere)
    assert result.exit_code == ExitCode.UNAVAILABLE, result.output
    assert "127.0.0.1" in (result.stdout if path == ("doctor",) else result.stderr)  # what is found is its answer


@pytest.mark.parametrize("path", ASKING, ids=" ".join)
def test_a_wrong_setting_is_named(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, path, env={"SLO_PARTITIONS": "none", "SLO_DATABASE_URL": "none"})
    assert result.exit_code == ExitCode.MISUSED, result.output
    assert result.stderr.startswith(("SLO_PARTITIONS: ", "SLO_DATABASE_URL: "))
