"""The JSON API, `/api/v1`."""

from fastapi import FastAPI

from streams.dashboard.api.acting import add_acting
from streams.dashboard.api.backtests import add_backtests
from streams.dashboard.api.reading import add_reading


def add_api(app: FastAPI) -> None:
    """All of it."""
    add_reading(app)
    add_backtests(app)
    add_acting(app)
