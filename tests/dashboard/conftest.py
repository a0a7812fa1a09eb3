"""A dashboard over a real database, called in this process as any of several viewers; a browser, and how it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import Request
from playwright.sync_api import Browser
from psycopg.conninfo import conninfo_to_dict
from starlette.testclient import TestClient

from streams.dashboard.app import dashboard_app
from streams.dashboard.database import Database
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer, platform
from streams.objectives import read_objectives
from tests.dashboard import month
from tests.dashboard.browser import DESKTOP, PHONE, chromium
from tests.dashboard.hands import Keyboard, Pointer
from tests.dashboard.patience import patient_dashboards
from tests.dashboard.world import fill
from tests.database_fixture import own_database

PLATFORM = platform("ops")
FORM_TOKEN = "of this login"  # noqa: S105


class Stage:
    """Calls the dashboard as whoever is asked for; as nobody with None."""

    def __init__(self, url: str, settings: DashboardSettings) -> None:
        self.url = url
        self.database = Database(url)
        self._viewer: Viewer | None = None
        app = dashboard_app(settings, read_objectives(settings.objectives), self.database, self._identify)
        self._client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)

    def _identify(self, request: Request) -> Viewer | None:
        request.state.form_token = FORM_TOKEN
        return self._viewer

    def as_(self, viewer: Viewer | None) -> TestClient:
        """A client whose calls come from this viewer, until another is asked for."""
        self._viewer = viewer
        return self._client


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """A machine that has a lot to do is no database that is away."""
    with patient_dashboards():
        yield


@contextmanager
def staged(url: str, settings: DashboardSettings | None = None) -> Iterator[Stage]:
    """A dashboard over this database."""
    stage = Stage(url, settings or DashboardSettings())
    stage.database.open()
    try:
        yield stage
    finally:
        stage.database.close()


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    """A dashboard over a database without rows."""
    with staged(database) as one:
        yield one


@pytest.fixture(scope="session")
def filled(postgres: str, migrated: str) -> Iterator[str]:
    """A database with the small world, for tests that only read."""
    with own_database(postgres, template=migrated) as url:
        fill(url)
        yield url


@pytest.fixture
def world(filled: str) -> Iterator[Stage]:
    """A dashboard over the small world."""
    with staged(filled) as one:
        yield one


@pytest.fixture(scope="session")
def month_name(postgres: str, migrated: str) -> Iterator[str]:
    """Name of a database with a month of everything, to be copied."""
    with own_database(postgres, template=migrated) as url:
        month.fill(url)
        yield str(conninfo_to_dict(url)["dbname"])


@pytest.fixture(scope="module")
def url(postgres: str, month_name: str) -> Iterator[str]:
    """A database of the module's own with a month of everything."""
    with own_database(postgres, template=month_name) as one:
        yield one


@pytest.fixture(scope="module")  # its event loop would run on in every test after it
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as one:
        yield one


WAYS: dict[str, dict[str, Any]] = {
    "script": {"width": DESKTOP},
    "no script": {"width": PHONE, "java_script_enabled": False},
    "keyboard": {"width": DESKTOP},
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """With all that a page has; on a phone and without a script; by the keyboard alone."""
    return WAYS[request.param]


@pytest.fixture
def hands(way: dict[str, Any]) -> Pointer:
    """How somebody works a page, in this way."""
    return Keyboard() if way is WAYS["keyboard"] else Pointer()
