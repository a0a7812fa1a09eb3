"""What is read of an app: once, however much is made of it."""

import psycopg
import pytest

from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.history.codec import DAY_MINUTES
from streams.history.counted_app import read_counted_app
from streams.names import WEBHOOK
from streams.settings import Settings
from tests.history.test_budgets import APP, count
from tests.model.build import clock_ms, delivery


def test_minutes_that_were_read_are_not_read_again(database: str) -> None:
    count(database, WEBHOOK, [delivery("12:00:10"), delivery("12:01:40", 500), delivery("12:05:00")])
    noon = clock_ms("12:00") // 60_000
    with psycopg.connect(conninfo(database, Role.WRITER, "test")) as connection:
        app = read_counted_app(connection, Settings(), APP)
        (whole,) = app.minutes(app.series, noon - DAY_MINUTES, noon + 10)
    (part,) = app.minutes(app.series, noon, noon + 2)
    assert (part.start, list(part.good), list(part.bad)) == (noon, [1, 0], [0, 1])
    assert whole.counts == (2, 1)
    with pytest.raises(psycopg.OperationalError, match="closed"):
        app.minutes(app.series, noon - DAY_MINUTES, noon + DAY_MINUTES)
