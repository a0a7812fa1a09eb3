"""Login by OpenID Connect at a certified provider: what it says of somebody is what they see."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from streams.dashboard.app import dashboard_app
from streams.dashboard.database import Database
from streams.dashboard.settings import DashboardSettings
from streams.objectives import read_objectives
from tests.dashboard.world import APPS, CHARTS, FORMS
from tests.npm import installed, needs_npm
from tests.ports import free_port

HERE = Path(__file__).parent / "issuer"
BASE = "http://127.0.0.1:8090"

pytestmark = needs_npm


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the provider in it."""
    return installed(HERE, tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module", params=["idtoken", "userinfo"])
def issuer(provider: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A running issuer, which tells groups in its ID token, or when it is asked for them."""
    port = free_port()
    command = ["node", "issuer.mjs", str(port), f"{BASE}/login/callback", request.param]
    with subprocess.Popen(
        command, cwd=provider, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == "ready":
                break
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.fixture
def client(filled: str, issuer: str) -> Iterator[TestClient]:
    """A dashboard whose people log in there."""
    settings = DashboardSettings(
        oidc_issuer=issuer,
        oidc_client_id="dashboard",
        oidc_client_secret="a-secret-of-the-client",  # noqa: S106
        public_url=BASE,
    )
    database = Database(filled)
    database.open()
    app = dashboard_app(settings, read_objectives(), database)
    yield TestClient(app, raise_server_exceptions=False, follow_redirects=False, base_url=BASE)
    database.close()


def log_in(client: TestClient, issuer: str, person: str) -> str:
    """Go where a browser would be sent, fill in what is asked; the address that it comes back to."""
    where = client.get("/login/oidc").headers["location"]
    assert {"code_challenge_method=S256", "response_type=code"} <= set(urlsplit(where).query.split("&"))
    with httpx2.Client(timeout=60) as browser:
        for _ in range(20):
            if where.startswith(BASE):
                return where
            answer = browser.get(where)
            if answer.status_code == 200:  # a form: who it is, or whether it may be told
                action = re.search(r'action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
                assert action is not None
                assert prompt is not None
                fields = {"prompt": prompt[1], "login": person, "password": "x"}
                answer = browser.post(urljoin(issuer, action[1]), data=fields)
            where = urljoin(where, answer.headers["location"])
    raise AssertionError("the login goes in circles")


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        ("ann:partner:acme", [CHARTS, FORMS]),
        ("bob:staff+platform", sorted(APPS)),
        ("eve:admins", []),
    ],
)
def test_who_logs_in_sees_what_the_claims_say(client: TestClient, issuer: str, person: str, seen: list[str]) -> None:
    assert client.get("/").headers["location"] == "/login"
    assert 'href="/login/oidc"' in client.get("/login").text
    back = log_in(client, issuer, person)
    answer = client.get(back.removeprefix(BASE))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert [item["appKey"] for item in client.get("/api/v1/budgets").json()["items"]] == seen


@pytest.mark.parametrize(
    ("person", "name"),
    [("ann:partner:acme", "ann@example.com"), ("mallory:partner:acme", "mallory:partner:acme")],
)
def test_an_address_that_the_issuer_has_not_seen_to_be_his_is_nobodys_name(
    client: TestClient, issuer: str, person: str, name: str
) -> None:
    client.get(log_in(client, issuer, person).removeprefix(BASE))
    assert f">{name} (acme)</a>" in client.get("/").text


def test_an_answer_that_was_not_asked_for_logs_nobody_in(client: TestClient, issuer: str) -> None:
    back = log_in(client, issuer, "ann:platform").removeprefix(BASE)
    forged = re.sub(r"state=[^&]+", "state=forged", back)
    assert client.get(forged).status_code == 403
    client.cookies.clear()  # another browser than the one that asked
    assert client.get(back).status_code == 403
    assert client.get("/login/callback").status_code == 403
    assert client.get("/api/v1/budgets").status_code == 401


def test_an_issuer_that_is_away_is_said(filled: str) -> None:
    settings = DashboardSettings(
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_id="dashboard",
        oidc_client_secret="a-secret-of-the-client",  # noqa: S106
    )
    app = dashboard_app(settings, read_objectives(), Database(filled))
    answer = TestClient(app, raise_server_exceptions=False, follow_redirects=False).get("/login/oidc")
    assert answer.status_code == 503
