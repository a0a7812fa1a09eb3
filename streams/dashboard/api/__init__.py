"""The JSON API, `/api/v1`."""

from fastapi import FastAPI


def add_api(app: FastAPI) -> None:
    """All of it."""
