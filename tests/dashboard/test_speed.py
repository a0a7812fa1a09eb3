"""Budgets of the fleet and of an app, over as many series as a fleet has: as quickly told as those of four apps.

How many milliseconds that is, `make bench` tells (case `pages`).
"""

import time
from collections.abc import Iterator

import psycopg
import pytest

from streams.dashboard.viewer import Viewer
from tests.dashboard.conftest import PLATFORM, Stage, staged
from tests.dashboard.world import APPS, CHARTS, fill
from tests.database_fixture import own_database

MOST_TIMES = 6
"""As long but for what else goes on: without an index it is as many times as there are rows."""
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
    ("viewer", "query"),
    [
        (PLATFORM, ""),
        (PLATFORM, "&sort=burn"),
        (PLATFORM, "&state=EXHAUSTED"),
        (PLATFORM, "&state=NO_DATA"),
        (PLATFORM, "&metric=webhook-delivery-success-rate&state=AT_RISK"),
        (PLATFORM, "&partner=p7"),
        (Viewer("Pia", frozenset({"p7"})), ""),
        (PLATFORM, f"&app={CHARTS}"),
    ],
)
def test_an_answer_takes_as_long_as_over_a_handful_of_series(
    fleet: Stage, world: Stage, viewer: Viewer, query: str
) -> None:
    few, many = list[float](), list[float]()
    for _ in range(15):
        few.append(took_ms(world, PLATFORM, ""))
        many.append(took_ms(fleet, viewer, query))
    print(f"{viewer.name} {query or '(all)'}: {min(many):.1f} ms, over a handful of series {min(few):.1f} ms")
    assert min(many) < MOST_TIMES * min(few)


def took_ms(stage: Stage, viewer: Viewer, query: str) -> float:
    client = stage.as_(viewer)
    before_s = time.perf_counter()
    answer = client.get(f"/api/v1/budgets?limit={len(APPS)}{query}")
    took_s = time.perf_counter() - before_s
    assert answer.json()["items"]
    return took_s * 1_000
