"""How long the server takes for the fleet and for an app, over as many series as a fleet has."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from streams.dashboard.viewer import Viewer
from tests.dashboard.conftest import PLATFORM, Stage, staged
from tests.dashboard.world import CHARTS, fill
from tests.database_fixture import own_database

FLEET_MS, APP_MS = 50, 100
SIZES = [3_000, pytest.param(300_000, marks=pytest.mark.long)]
MANY = """
insert into slo.app (app_key, name, partner_id, partner_name, email, healthcheck_urls, excluded_client_keys, part,
  "offset")
select 'com.many.a' || n, 'A', 'p' || n % (%(size)s / 30), 'P', '', '{}', '{}', 1, n
from generate_series(1, %(size)s / 3) n;
insert into slo.budget (app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state, consumed,
  remaining_events, burn_1h, burn_6h, burn_1d, burn_3d, as_of_ms)
select 'com.many.a' || n / 3, (array['webhook-delivery-success-rate', 'app-availability', 'iframe-load-success-rate'])
  [1 + n %% 3], 'Jira' || n %% 3, 'slo', '0.99', 2419200000, 1000, n %% 40, 40320,
  (array['MET', 'MET', 'MET', 'AT_RISK', 'EXHAUSTED', 'NO_DATA'])[1 + n %% 6], nullif(n %% 40, 0) / 10.0, 3,
  n %% 7, 1, 1, 1, 1772453040000
from generate_series(3, %(size)s + 2) n;
analyze slo.app, slo.budget
"""


@pytest.fixture(scope="module", params=SIZES)
def fleet(postgres: str, migrated: str, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The small world, among many apps."""
    with own_database(postgres, template=migrated) as url:
        fill(url)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in MANY.replace("% (%(size)s", "%% (%(size)s").split(";\n"):
                connection.execute(statement.encode(), {"size": request.param})
        with staged(url) as stage:
            yield stage


@pytest.mark.parametrize(
    ("viewer", "query", "limit_ms"),
    [
        (PLATFORM, "", FLEET_MS),
        (PLATFORM, "?sort=burn", FLEET_MS),
        (PLATFORM, "?state=EXHAUSTED", FLEET_MS),
        (PLATFORM, "?state=NO_DATA", FLEET_MS),
        (PLATFORM, "?metric=webhook-delivery-success-rate&state=AT_RISK", FLEET_MS),
        (PLATFORM, "?partner=p7", FLEET_MS),
        (Viewer("Pia", frozenset({"p7"})), "", FLEET_MS),
        (PLATFORM, f"?app={CHARTS}", APP_MS),
    ],
)
def test_an_answer_is_made_in_time(fleet: Stage, viewer: Viewer, query: str, limit_ms: int) -> None:
    client = fleet.as_(viewer)
    took_ms = []
    for _ in range(7):
        before_s = time.monotonic()
        answer = client.get(f"/api/v1/budgets{query}")
        took_ms.append((time.monotonic() - before_s) * 1_000)
        assert answer.status_code == 200
        assert answer.json()["items"]
    print(f"{viewer.name} {query or '(all)'}: {min(took_ms):.1f} ms")
    assert min(took_ms) < limit_ms
