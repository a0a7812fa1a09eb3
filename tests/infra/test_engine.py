"""A machine without a Docker engine is told how to get one, and nothing is installed unasked."""

from pathlib import Path

import pytest

from infra.docker.engine import BY_HAND, EngineUnavailableError, connect, docker_engine
from infra.system_packages import may_install


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("INSTALL", raising=False)


@pytest.mark.usefixtures("no_engine")
def test_nothing_is_installed_unasked_but_the_command_is_named() -> None:
    assert connect() is None
    with pytest.raises(EngineUnavailableError) as caught, docker_engine(lambda _line: None):
        pass
    assert BY_HAND in str(caught.value)


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("variable", [("CI", "true"), ("INSTALL", "1")])
@pytest.mark.parametrize("user", [0, 1000])
def test_only_root_installs_and_only_when_told(
    monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str], user: int
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert not may_install()
    monkeypatch.setenv(*variable)
    assert may_install() == (user == 0)
