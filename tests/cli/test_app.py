"""The command line as a whole: its help, its version, and how little it loads."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from streams.cli.app import COMMANDS, app
from tests.cli.tree import every_command

WIDTH = 80


def said(*arguments: str) -> str:
    # Not by CliRunner: it forces a width of 80, of which a terminal of 80 columns leaves two free.
    with patch.dict(os.environ, COLUMNS=str(WIDTH)), redirect_stdout(StringIO()) as output:
        with pytest.raises(SystemExit) as end:
            app(arguments, prog_name="slo-streams")
        assert end.value.code == 0
    return output.getvalue()


def loaded_by(statement: str) -> set[str]:
    """Top-level packages that a fresh Python has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True, timeout=110)
    return set(done.stderr.split())


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_help_fits_the_terminal_and_has_an_example(path: tuple[str, ...]) -> None:
    shown = said(*path, "-h")
    assert shown == said(*path, "--help")
    assert [line for line in shown.splitlines() if len(line) > WIDTH] == []
    _, _, examples = shown.partition("\n  Example")
    assert f"slo-streams {' '.join(path)}" in examples


@pytest.mark.parametrize("path", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_no_line_of_a_list_of_commands_is_cut(path: tuple[str, ...]) -> None:
    _, _, commands = said(*path, "-h").partition("\nCommands:\n")
    assert "..." not in commands


def test_the_first_line_of_the_help_is_that_of_the_list() -> None:
    shown = said("-h")
    assert all(f"  {name} " in shown and command.line in shown for name, command in COMMANDS.items())


def test_the_version() -> None:
    assert said("--version") == f"slo-streams {version('slo-streams')}\n"


def test_a_wrong_word_is_answered_with_the_nearest_right_one() -> None:
    result = CliRunner().invoke(app, ["statsu"])
    assert result.exit_code == 2
    assert "Did you mean 'status'" in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(shell: str) -> None:
    environment = {"_SLO_STREAMS_COMPLETE": f"complete_{shell}", "COMP_WORDS": "slo-streams stat", "COMP_CWORD": "1"}
    environment |= {"_TYPER_COMPLETE_ARGS": "slo-streams stat", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    result = CliRunner().invoke(app, [], env=environment, prog_name="slo-streams")
    assert "status" in result.output
    assert "worker" not in result.output


HEAVY = {"aiokafka", "aiohttp", "fastapi", "faust", "mode", "prometheus_client", "psycopg", "yaml"}
LATER = {"PIL", "apprise", "authlib", "fastapi", "joserfc", "opentelemetry", "pyarrow", "starlette", "uvicorn"}


def test_help_loads_no_command() -> None:
    statement = "from typer.testing import CliRunner\nfrom streams.cli.app import app\nCliRunner().invoke(app, ['-h'])"
    assert not loaded_by(statement) & (HEAVY | {"asyncio", "orjson", "pydantic", "schemas"})


def test_a_command_loads_what_it_needs_and_no_more() -> None:
    statement = "from streams.cli.app import COMMANDS\nCOMMANDS['status'].load('status')"
    assert loaded_by(statement) & HEAVY == {"aiokafka"}


def test_no_command_loads_what_only_some_of_its_calls_need() -> None:
    statement = "from streams.cli.app import COMMANDS\nfor name, command in COMMANDS.items(): command.load(name)"
    assert loaded_by(statement) & LATER == set()


def test_ctrl_c_while_it_starts_is_one_line(tmp_path: Path) -> None:
    # A module of the command stands for the slow start: it says that it is being loaded, and takes for ever.
    (tmp_path / "orjson.py").write_text("import sys, time\nprint('loading', flush=True)\ntime.sleep(3_600)\n")
    program = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom streams.cli import main\nmain()"
    with subprocess.Popen(
        (sys.executable, "-c", program, "status"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=100)
    assert (process.returncode, complaint) == (130, "Interrupted.\n")


@pytest.mark.parametrize("command", ["status", "topics", "doctor", "silence list", "history check"])
def test_ctrl_c_while_nobody_answers_is_one_line(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # it takes calls, and never says a word
        address = f"127.0.0.1:{server.getsockname()[1]}"
        environment = {"SLO_BOOTSTRAP_SERVERS": address, "SLO_DATABASE_URL": f"postgresql://anybody@{address}/any"}
        with subprocess.Popen(
            (sys.executable, "-m", "streams.cli", *command.split()), stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            server.settimeout(100)
            called, _ = server.accept()
            with called:
                process.send_signal(signal.SIGINT)
                _, complaint = process.communicate(timeout=100)
    assert (process.returncode, complaint) == (130, "Interrupted.\n")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["status", "--help"], ["objectives", "check"]])
def test_output_that_has_nowhere_to_go_ends_it_in_a_line(arguments: list[str]) -> None:
    command = (sys.executable, "-m", "streams.cli", *arguments)
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100, check=False)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert ended.stderr.startswith("Nothing more can be written: No space left on device.")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["status", "--help"], ["objectives", "check"]])
def test_a_reader_that_has_gone_ends_it_without_a_word(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = (sys.executable, "-m", "streams.cli", *arguments)
        ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=100, check=False)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_cannot_be_said_is_told_by_the_exit_code() -> None:
    environment = {"SLO_PARTITIONS": "many"}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            (sys.executable, "-m", "streams.cli", "status"), stderr=full, env=environment, timeout=100, check=False
        )
    assert ended.returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "code"), [("--help", 0), ("objectives check", 0), ("statsu", 2)])
def test_streams_that_are_closed_change_no_exit_code(closed: str, arguments: str, code: int) -> None:
    command = f"exec {sys.executable} -m streams.cli {arguments} {closed}"
    ended = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=100, check=False)  # noqa: S602
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr
