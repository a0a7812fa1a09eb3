"""Units that systemd understands, that shut a service in, and that start again what a new start helps."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from streams.child.supervise import AGAIN
from streams.exits import ExitCode

UNITS: Final = Path("infra/systemd")
EXPOSURE_AT_MOST: Final = 2.0  # of 10, by `systemd-analyze security`
FOR_A_PERSON: Final = {code for code in ExitCode if code not in AGAIN} - {ExitCode.DONE, ExitCode.INTERRUPTED}


@pytest.fixture(params=[("slo-streams-worker@", "1"), ("slo-streams@", "history"), ("slo-streams@", "dashboard")])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit as installed, of a program that is here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here: apt-get install systemd")
    name, instance = request.param
    text = (UNITS / f"{name}.service").read_text(encoding="utf-8")
    installed = tmp_path / f"{name}{instance}.service"
    installed.write_text(text.replace("/opt/slo-streams/bin/slo-streams", "/bin/true"), encoding="utf-8")
    return installed


def test_systemd_knows_every_word_of_it(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_service_is_shut_in(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_AT_MOST * 10:.0f}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-200:]


def test_all_services_are_shut_in_alike() -> None:
    """systemd has no way for two units to share a part that would not apply to units of others, too."""
    shut_in = {
        re.findall(r"^DynamicUser=.*?(?=^\[)", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
        for path in UNITS.glob("*.service")
    }
    assert len(shut_in) == 1


@pytest.mark.parametrize("unit_file", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_what_needs_a_person_is_not_started_again(unit_file: Path) -> None:
    said = re.search(r"^RestartPreventExitStatus=(.*)$", unit_file.read_text(encoding="utf-8"), re.MULTILINE)
    assert said is not None
    assert {int(code) for code in said[1].split()} == FOR_A_PERSON
