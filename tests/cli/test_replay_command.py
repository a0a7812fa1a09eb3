"""`slo-streams replay`: alerts alone on standard output, the rest on standard error, and exit codes for scripts."""

import gzip
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from schemas.alert import Alert
from streams.cli.app import app
from streams.objectives.load import SHIPPED
from tests.model import Record
from tests.model.build import check, clock_ms, delivery

LOG = [delivery("12:00", 500), delivery("12:20"), check("12:00", 503), check("12:01")]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLO_OBJECTIVES", "SLO_ALLOWED_LATENESS", "SLO_TOPIC_PREFIX"):
        monkeypatch.delenv(name, raising=False)


def ndjson(records: list[Record]) -> str:
    return "".join(
        orjson.dumps({"topic": it.topic, "key": "k", "value": orjson.loads(it.value or b"null")}).decode() + "\n"
        for it in records
    )


def replay(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["replay", *arguments], input=given)


def alerts(result: Result) -> list[str]:
    """What standard output holds: alert records, a line each, and nothing else."""
    read = [Alert.model_validate_json(line) for line in result.stdout.splitlines()]
    return [f"{alert.objective} {alert.reason}" for alert in read]


ALERTS = [
    "app-availability-15m BELOW_OBJECTIVE",
    "webhook-delivery-15m BELOW_OBJECTIVE",
    "app-availability-15m RESTORED",
    "webhook-delivery-15m NO_DATA",
]


@pytest.mark.parametrize("arguments", [[], ["-"], ["--partitions", "5"]])
def test_standard_input(arguments: list[str]) -> None:
    result = replay(*arguments, given=ndjson(LOG) + "\n\n")
    assert (result.exit_code, alerts(result)) == (0, ALERTS)
    assert result.stderr == "4 events, 4 alerts; rejected: none\n"


def test_files_are_one_log(tmp_path: Path) -> None:
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    first.write_text(ndjson(LOG[:1]))
    second.write_text(ndjson(LOG[1:]).rstrip("\n"))
    result = replay(str(first), str(second))
    assert (result.exit_code, alerts(result)) == (0, ALERTS)


@pytest.mark.parametrize("until", ["2026-03-02T12:15:00Z", "2026-03-02T13:15:00+01:00", str(clock_ms("12:15"))])
def test_until(until: str) -> None:
    result = replay("--until", until, given=ndjson(LOG))
    assert alerts(result) == ALERTS[:2]


def test_other_objectives(tmp_path: Path) -> None:
    name = "metadata: {name: webhook-delivery-15m"
    with_minimum = f'{name}, annotations: {{slo-streams/minimum-events: "2"}}'
    milder = tmp_path / "milder.yaml"
    milder.write_text(SHIPPED["default"].read_text(encoding="utf-8").replace(name, with_minimum), encoding="utf-8")
    result = replay("--objectives", str(milder), given=ndjson(LOG))
    assert (result.exit_code, alerts(result)) == (0, [ALERTS[0], ALERTS[2]])


def test_lines_that_cannot_be_read_are_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text("{\n" + ndjson(LOG) + "[]\n" * 7)
    result = replay(str(file))
    assert (result.exit_code, alerts(result)) == (1, ALERTS)
    _, first, second, *_, last = result.stderr.splitlines()
    assert first.startswith(f"{file}:1: not JSON")
    assert second.startswith(f'{file}:6: not an object with a "topic"')
    assert last == "and 3 more lines that could not be read"


def test_rejected_records_are_no_failure_of_the_command() -> None:
    other = delivery("12:00")._replace(topic="elsewhere")
    result = replay(given=ndjson([*LOG, delivery("12:00")._replace(value=b"[1]"), other]))
    assert result.exit_code == 0
    assert "5 events, 4 alerts; rejected: 1 schema" in result.stderr
    assert "1 record of other topics passed over" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--objectives", "{broken}"], "broken.yaml"),
        (["--objectives", "{missing}"], "missing.yaml"),
        (["--until", "noon"], "noon"),
        (["--until", "12"], "2000 to 2100"),
        (["--partitions", "0"], "partitions"),
        (["{missing}"], "missing.yaml"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("kind: SLO\n")
    given = {"broken": str(broken), "missing": str(tmp_path / "missing.yaml")}
    result = replay(*(argument.format(**given) for argument in arguments), given=ndjson(LOG))
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr.replace("\n", "")


def test_settings_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLO_ALLOWED_LATENESS", "soon")
    result = replay(given="")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "SLO_ALLOWED_LATENESS" in result.stderr


def test_no_input_is_no_alert() -> None:
    result = replay(given="")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "0 events, 0 alerts; rejected: none\n"


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text(ndjson(LOG), encoding="utf-8-sig")
    for arguments in ([str(file)], [str(file), "--sort"]):
        result = replay(*arguments)
        assert (result.exit_code, alerts(result)) == (0, ALERTS)


KCAT = b'{"topic":"slo.webhook.v1","partition":0,"offset":1,"tstype":"create","ts":1,"key":"a","payload":"{}"}\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(ndjson(LOG).encode()), "is compressed with gzip"),
        (b"\x28\xb5\x2f\xfd\x04", "is compressed with zstd"),
        (ndjson(LOG).encode("utf-16"), "is UTF-16"),
        (b"\n" + KCAT, "is a dump of kcat -J"),
    ],
)
def test_a_file_that_is_something_else_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(content)
    result = replay(str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{file} {words}" in result.stderr


def partition_by_partition() -> list[Record]:
    """Two apps that are down for five minutes at different hours, as a consumer writes them that reads each whole."""
    minutes = [f"{hour:02}:{minute:02}" for hour in range(6) for minute in range(0, 60, 5)]
    return [
        delivery(minute, 500 if minute == down else 200, app=app)
        for app, down in (("a", "01:00"), ("b", "02:00"))
        for minute in minutes
    ]


def test_much_that_is_too_late_is_explained_and_sorting_helps() -> None:
    unsorted = replay(given=ndjson(partition_by_partition()))
    assert "came too late to be judged" in unsorted.stderr
    assert "try --sort" in unsorted.stderr
    assert len(alerts(unsorted)) == 2
    in_order = replay("--sort", given=ndjson(partition_by_partition()))
    assert "too late" not in in_order.stderr
    assert len(alerts(in_order)) == 4
    assert in_order.stderr == replay(given=ndjson(sorted(partition_by_partition(), key=time_of))).stderr


def time_of(it: Record) -> int:
    return int(orjson.loads(it.value or b"")["time"])


def test_lines_that_cannot_be_read_stay_named_by_their_place_when_sorted(tmp_path: Path) -> None:
    file = tmp_path / "log.ndjson"
    file.write_text("{\n" + ndjson(LOG[::-1]))
    result = replay(str(file), "--sort")
    assert (result.exit_code, alerts(result)) == (1, ALERTS)
    assert f"{file}:1: not JSON" in result.stderr


def test_a_disk_that_is_full_is_said_in_a_sentence(tmp_path: Path) -> None:
    log = tmp_path / "log.ndjson"
    log.write_text(ndjson(LOG))
    command = [sys.executable, "-m", "streams.cli", "replay", str(log)]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)
    said = ended.stderr.decode()
    assert (ended.returncode, said.count("Nothing more can be written: No space left on device.")) == (1, 1)
    assert len(said.splitlines()) == 1


def test_a_folder_for_temporary_files_that_is_full_is_no_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - closed as what it stands for
    monkeypatch.setattr("streams.replay.files.TemporaryFile", lambda: full)
    monkeypatch.setattr("streams.cli.shared.lazy.drop_output", lambda: None)  # standard output is the test's own
    result = replay(given=ndjson(LOG))
    assert result.exit_code == 1
    assert result.stderr.startswith("Nothing more can be written: No space left on device.")
