"""Desks of tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.desk.desk import Desk, Step


@asynccontextmanager
async def desk(url: str, *steps: Step) -> AsyncIterator[Desk]:
    one = Desk(url, steps, patience_s=10, attempt_s=10)
    try:
        yield one
    finally:
        await one.close()
