"""Where the database is: from the environment or from a file, and no secret is shown."""

from pathlib import Path

import pytest

from streams.database.settings import DatabaseSettings
from streams.settings import InvalidSettingsError, load_settings_of

SECRET = "pa55-word-of-a-test"  # noqa: S105
URL = f"postgresql://slo:{SECRET}@db-1:5432/slo?sslmode=require"


def test_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLO_DATABASE_URL", URL)
    settings = load_settings_of(DatabaseSettings)
    assert settings.read_database_url() == URL
    assert SECRET not in repr(settings)


def test_a_file_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(URL + "\n")
    monkeypatch.setenv("SLO_DATABASE_URL_FILE", str(file))
    settings = load_settings_of(DatabaseSettings)
    assert settings.read_database_url() == URL
    file.write_text(URL.replace("db-1", "db-2"))
    assert settings.read_database_url() == URL.replace("db-1", "db-2")


def test_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLO_DATABASE_URL", raising=False)
    assert load_settings_of(DatabaseSettings).read_database_url() is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SLO_DATABASE_URL": f"{SECRET} at host"}, "SLO_DATABASE_URL: it is no URL"),
        ({"SLO_DATABASE_URL_FILE": "/nowhere"}, "SLO_DATABASE_URL_FILE: /nowhere cannot be read"),
        ({"SLO_DATABASE_URL": URL, "SLO_DATABASE_URL_FILE": "/nowhere"}, "SLO_DATABASE_URL_FILE: set, but"),
    ],
)
def test_what_cannot_be_used(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettingsError) as refusal:
        load_settings_of(DatabaseSettings)
    assert str(refusal.value).startswith(said)
    assert SECRET not in str(refusal.value)
