"""Every page and every call, as every kind of user: nothing of another's app shows."""

import re
from html import unescape

import psycopg
import pytest
from fastapi.routing import APIRoute

from streams.dashboard.app import routed_app
from streams.dashboard.dashboard import LOOK_COOKIE
from streams.dashboard.database import Database
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import NOBODY, Viewer
from streams.objectives import read_objectives
from tests.dashboard.conftest import PLATFORM, Stage
from tests.dashboard.world import ACME, APPS, BOARDS, CHARTS, FOO, PARTNERS

WEBHOOK = "webhook-delivery-success-rate"
pytestmark = pytest.mark.timeout(600)  # hundreds of pages
STREAM = "/changes"  # without an end; it tells of nothing but that something changed


def ids(url: str) -> dict[str, set[str]]:
    """App key -> all that names it, or something of it."""
    found = {key: {key, f"e-{key}", f"i-{key}"} for key in APPS}
    with psycopg.connect(url) as connection:
        for key, incident in connection.execute("select app_key, incident_id from slo.alert"):
            found[key].add(incident)
    return found


def routes(url: str) -> list[str]:
    app = routed_app(DashboardSettings(), read_objectives(), Database(url))
    return sorted(
        {route.path for route in app.routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())}
    )


def addresses(url: str, named: dict[str, set[str]]) -> set[str]:
    """Every route, for all that could be named in it."""
    found = set()
    of_kind = {"app_key": APPS, "exclusion_id": [f"e-{key}" for key in APPS]}
    others = sorted(set[str]().union(*named.values()).difference(*of_kind.values()))
    for path in routes(url):
        parts = re.findall(r"\{[^}]+\}", path)
        kind = parts[0].strip("{}").partition(":")[0] if parts else ""
        found |= {path.replace(parts[0], name) for name in of_kind.get(kind, others)} if parts else {path}
        if not parts:
            for key in (CHARTS, BOARDS):
                found.add(f"{path}?app={key}&metric={WEBHOOK}")
                found.add(f"{path}?partner={PARTNERS[key]}&month=2026-03")
                found.add(f"{path}?q={key.split('.')[1]}")
    return found - {STREAM} - {address for address in found if address.startswith(f"{STREAM}?")}


@pytest.mark.parametrize(
    ("viewer", "looks_as"), [(ACME, None), (FOO, None), (NOBODY, None), (None, None), (PLATFORM, "acme")]
)
def test_nothing_of_anothers_app_shows(world: Stage, viewer: Viewer | None, looks_as: str | None) -> None:
    named = ids(world.url)
    client = world.as_(viewer)
    if viewer is not None and looks_as is not None:
        client.cookies.set(LOOK_COOKIE, looks_as)
        viewer = viewer.looking_as(looks_as)
    partners = frozenset[str]() if viewer is None else viewer.partners or frozenset()
    own = {key for key in APPS if PARTNERS[key] in partners}
    foreign = set[str]().union(*(named[key] for key in APPS if key not in own))
    todo, seen, shown = addresses(world.url, named), set[str](), set[str]()
    while todo:
        address = todo.pop()
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code < 500, address
        text = unescape(answer.text)
        echoed = {name for name in foreign if name in unescape(address)}  # what was asked for may be said back
        assert not {name for name in foreign - echoed if name in text}, address
        path = unescape(address).partition("?")[0]
        if re.search(r"/(apps|alerts|incidents|standing)/", path) and any(name in path for name in foreign):
            assert answer.status_code in (303, 401, 404), address
        shown |= {key for key in own if key in text}
        if answer.headers.get("content-type", "").startswith("text/html"):
            links = {unescape(link) for link in re.findall(r'href="(/[^"#]*)', answer.text)}
            todo |= {link for link in links if not link.startswith((STREAM, "/static"))} - seen
        assert len(seen) < 2_000
    assert shown == own
    assert len(seen) > 100
