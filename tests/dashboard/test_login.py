"""Who is let in, by which way, and who is not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import orjson
import psycopg
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from streams.cli.app import app as cli
from streams.dashboard.app import dashboard_app
from streams.dashboard.database import Database
from streams.dashboard.login import identify
from streams.dashboard.login.sessions import add_link, begin_session, find_session, session_id_of
from streams.dashboard.login.tokens import add_token
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer, platform
from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.objectives import read_objectives
from streams.settings import InvalidSettingsError, load_settings_of
from tests.dashboard.world import APPS, BOARDS, CHARTS, FORMS

SECRET = "between-proxy-and-us"  # noqa: S105


@pytest.fixture
def client(filled: str) -> Iterator[TestClient]:
    """A dashboard of this machine, with its real logins."""
    yield from _client(filled, DashboardSettings())


@pytest.fixture
def behind_a_proxy(filled: str) -> Iterator[TestClient]:
    """A dashboard whose proxy is at the address that the test client calls from."""
    settings = DashboardSettings(
        dashboard_trusted_proxies="10.1.0.0/16", dashboard_proxy_secret=SECRET, public_url="https://slo.example.com"
    )
    yield from _client(filled, settings)


def _client(url: str, settings: DashboardSettings) -> Iterator[TestClient]:
    database = Database(url)
    database.open()
    app = dashboard_app(settings, read_objectives(), database)
    yield TestClient(
        app, raise_server_exceptions=False, follow_redirects=False, client=("10.1.2.3", 5), base_url=settings.base_url
    )
    database.close()


def command(url: str, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["dashboard", *arguments], env={"SLO_DATABASE_URL": url})
    return result.exit_code, result.output


def apps_seen(client: TestClient, **headers: str) -> list[str] | int:
    answer = client.get("/api/v1/budgets", headers=headers)
    return answer.status_code if answer.status_code != 200 else [item["appKey"] for item in answer.json()["items"]]


def test_a_token_sees_what_it_was_made_for_until_it_is_revoked(client: TestClient, filled: str) -> None:
    code, token = command(filled, "token", "add", "acme-reports", "--partner", "acme", "--days", "90")
    assert code == 0
    bearer = {"Authorization": f"Bearer {token.strip()}"}
    assert apps_seen(client, **bearer) == [CHARTS, FORMS]
    assert command(filled, "token", "add", "acme-reports", "--platform")[0] == 1
    _, everything = command(filled, "token", "add", "board", "--platform")
    assert apps_seen(client, Authorization=f"Bearer {everything.strip()}") == sorted(APPS)
    listed = {one["name"]: one for one in orjson.loads(command(filled, "token", "list", "--json")[1])}
    assert listed["acme-reports"]["partners"] == ["acme"]
    assert listed["board"]["partners"] is None
    assert token.strip() not in str(listed)
    assert command(filled, "token", "revoke", "acme-reports")[0] == 0
    assert apps_seen(client, **bearer) == 401
    assert command(filled, "token", "revoke", "acme-reports")[0] == 1
    assert "acme-reports" in command(filled, "token", "list")[1]


def test_a_token_that_has_ended_or_never_was(client: TestClient, filled: str) -> None:
    _, token = command(filled, "token", "add", "short", "--partner", "acme", "--days", "1")
    with psycopg.connect(filled) as connection:
        connection.execute("update slo.api_token set expires_at = now() where name = 'short'")
    assert apps_seen(client, Authorization=f"Bearer {token.strip()}") == 401
    for wrong in ("Bearer", "Bearer x", "Basic YTpi", f"Token {token.strip()}"):
        assert apps_seen(client, Authorization=wrong) == 401


def test_whoever_tries_tokens_has_to_wait(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify, "time", SimpleNamespace(monotonic=lambda: 0.0))  # as one may try again every 2 s
    with contextmanager(_client)(filled, DashboardSettings()) as client:
        heard = [apps_seen(client, Authorization=f"Bearer {number}") for number in range(31)]
    assert heard == [401] * 30 + [429]


def test_tokens_are_for_partners_or_for_the_platform(filled: str) -> None:
    assert command(filled, "token", "add", "x")[0] == 2
    assert command(filled, "token", "add", "x", "--platform", "--partner", "acme")[0] == 2


def test_a_link_of_this_machine_logs_in_once(client: TestClient, filled: str) -> None:
    assert apps_seen(client) == 401
    code, link = command(filled, "link")
    assert code == 0
    path = link.strip().removeprefix("http://127.0.0.1:8090")
    answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert apps_seen(client) == sorted(APPS)
    client.cookies.clear()
    assert client.get(path).status_code == 403
    assert apps_seen(client) == 401


def test_what_has_ended_is_forgotten_at_the_next_login(client: TestClient, filled: str) -> None:
    rows = "select (select count(*) from session where name = 'gone'), (select count(*) from login_link)"
    with (
        psycopg.connect(conninfo(filled, Role.DESK, "test")) as connection,
        connection.transaction(force_rollback=True),
    ):
        begin_session(connection, Viewer("gone"))
        add_link(connection)
        connection.execute("update session set expires_at = now()")
        connection.execute("update login_link set expires_at = now()")
        begin_session(connection, Viewer("ann"))
        add_link(connection)
        assert connection.execute(rows).fetchone() == (0, 1)


def test_a_session_ends_when_somebody_ends_it(client: TestClient, filled: str) -> None:
    client.get(command(filled, "link")[1].strip().removeprefix("http://127.0.0.1:8090"))
    assert apps_seen(client) == sorted(APPS)
    assert command(filled, "logout", "local")[0] == 0
    assert apps_seen(client) == 401
    assert command(filled, "logout", "local")[0] == 1


def test_forms_come_from_our_own_pages_with_their_token(client: TestClient, filled: str) -> None:
    client.get(command(filled, "link")[1].strip().removeprefix("http://127.0.0.1:8090"))
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/").text)
    assert found is not None
    token = found[1]
    ours = {"Sec-Fetch-Site": "same-origin"}
    fields = {"form_token": token}
    assert client.post("/logout", data=fields).status_code == 403
    assert client.post("/logout", data=fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/logout", data=fields, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/logout", data={"form_token": "x"}, headers=ours).status_code == 403
    assert client.post("/logout", json=fields, headers=ours).status_code == 415
    assert apps_seen(client) == sorted(APPS)
    assert client.post("/logout", data=fields, headers={"Origin": "http://127.0.0.1:8090"}).status_code == 303
    assert apps_seen(client) == 401


def proxy(user: str = "ann", groups: str = "partner:acme", secret: str = SECRET) -> dict[str, str]:
    return {"X-Forwarded-User": user, "X-Forwarded-Groups": groups, "X-Slo-Proxy-Secret": secret}


@pytest.mark.parametrize(
    ("groups", "seen"),
    [
        ("partner:acme", [CHARTS, FORMS]),
        ("staff, partner:foo", [BOARDS]),
        ("platform", sorted(APPS)),
        ("partner:", []),
        ("Platform,admin,acme", []),
        ("", []),
    ],
)
def test_a_proxy_tells_who_asks(behind_a_proxy: TestClient, groups: str, seen: list[str]) -> None:
    assert apps_seen(behind_a_proxy, **proxy(groups=groups)) == seen


def test_a_proxy_without_the_secret_and_others_are_not_believed(behind_a_proxy: TestClient, client: TestClient) -> None:
    assert apps_seen(behind_a_proxy, **proxy("ann", "platform", "guess")) == 401
    assert apps_seen(behind_a_proxy, **proxy(user="", groups="platform")) == 401
    assert apps_seen(client, **proxy(groups="platform")) == 401
    for name in ("X-Forwarded-User", "X-Forwarded-Groups"):  # a caller's own, before what the proxy adds
        twice = [(name, "platform"), *proxy().items()]
        assert behind_a_proxy.get("/api/v1/budgets", headers=twice).status_code == 401
    behind_a_proxy._transport.client = ("10.2.0.1", 5)  # type: ignore[attr-defined]
    assert apps_seen(behind_a_proxy, **proxy(groups="platform")) == 401
    assert behind_a_proxy.get("/login/once?token=x").status_code == 404


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DASHBOARD_HOST": "::"}, "SLO_DASHBOARD_HOST: others can reach it there"),
        ({"DASHBOARD_TRUSTED_PROXIES": "10.0.0.1"}, "needs a secret that only they know"),
        ({"DASHBOARD_PROXY_SECRET": "x"}, "SLO_DASHBOARD_TRUSTED_PROXIES is not set"),
        ({"OIDC_ISSUER": "https://id.example.com"}, "SLO_OIDC_CLIENT_ID: SLO_OIDC_ISSUER needs it"),
        ({"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "x"}, "SLO_OIDC_CLIENT_SECRET_FILE"),
    ],
)
def test_it_refuses_to_start_open(environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"SLO_{name}", value)
    with pytest.raises(InvalidSettingsError, match=re.escape(said)):
        load_settings_of(DashboardSettings)


def test_secrets_may_come_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("SLO_DASHBOARD_TRUSTED_PROXIES", "10.0.0.1, 10.2.0.0/16")
    monkeypatch.setenv("SLO_DASHBOARD_PROXY_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("SLO_DASHBOARD_HOST", "::")
    assert load_settings_of(DashboardSettings).read_proxy_secret() == "s3cret"


def test_cookies_go_over_tls_only_where_there_is_tls() -> None:
    assert DashboardSettings(public_url="https://slo.example.com").session_cookie.startswith("__Host-")
    assert not DashboardSettings().session_cookie.startswith("__Host-")


def test_somebody_sees_his_logins_and_ends_them(client: TestClient, filled: str) -> None:
    desk = conninfo(filled, Role.DESK, "test")
    names = [Viewer("Ann", frozenset({"acme"}))] * 3 + [Viewer("Bob", frozenset({"foo"}))]
    with psycopg.connect(desk) as connection:
        here, phone, old, others = (
            begin_session(connection, viewer, browser)
            for viewer, browser in zip(names, ("Here", "Phone", "Old", "Elsewhere"), strict=True)
        )
    client.cookies.set("slo-session", here)
    page = client.get("/logins").text
    assert [one in page for one in ("Here", "Phone", "Old", "Elsewhere")] == [True, True, True, False]
    form_token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert form_token is not None
    form = {"form_token": form_token[1]}
    ours = {"Sec-Fetch-Site": "same-origin"}

    def end(secret: str) -> int:
        fields = {**form, "id": session_id_of(secret)}
        return client.post("/logins/session", data=fields, headers=ours).status_code

    assert (end(phone), end(phone), end(others)) == (303, 404, 404)
    assert client.post("/logins/others", data=form, headers=ours).status_code == 303
    with psycopg.connect(desk) as connection:
        left = [find_session(connection, secret) is not None for secret in (here, phone, old, others)]
    assert left == [True, False, False, True]
    assert end(here) == 303
    assert client.get("/").headers["location"] == "/login"


def test_tokens_are_revoked_by_whoever_sees_all_that_they_see(client: TestClient, filled: str) -> None:
    kinds = (("of-acme", ["acme"]), ("of-both", ["acme", "foo"]), ("of-all", None))
    with psycopg.connect(conninfo(filled, Role.DESK, "test")) as connection:
        for name, partners in kinds:
            add_token(connection, name, partners, None)
        ann = begin_session(connection, Viewer("Ann", frozenset({"acme"})))
        ops = begin_session(connection, platform("ops"))
    ours = {"Sec-Fetch-Site": "same-origin"}

    def revoke(secret: str, name: str) -> int:
        client.cookies.set("slo-session", secret)
        form_token = re.search(r'name="form_token" value="([^"]+)"', client.get("/logins").text)
        assert form_token is not None
        fields = {"form_token": form_token[1], "name": name}
        return client.post("/logins/token", data=fields, headers=ours).status_code

    assert [revoke(ann, name) for name in ("of-all", "of-both", "of-acme", "of-acme")] == [404, 404, 303, 404]
    assert "of-both" not in client.get("/logins").text
    assert [revoke(ops, name) for name in ("of-all", "of-both")] == [303, 303]
    assert "Ann" in client.get("/logins").text


def test_a_token_that_only_reads_ends_no_login(client: TestClient, filled: str) -> None:
    with psycopg.connect(conninfo(filled, Role.DESK, "test")) as connection:
        token = add_token(connection, "Ann", None, None)
        secret = begin_session(connection, Viewer("Ann"))
    headers = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin"}
    for path in ("/logins/session", "/logins/others"):
        assert client.post(path, data={"id": session_id_of(secret)}, headers=headers).status_code == 403
    with psycopg.connect(conninfo(filled, Role.DESK, "test")) as connection:
        assert find_session(connection, secret) is not None
