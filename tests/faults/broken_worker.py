"""A worker of which one step never ends: `python -m tests.faults.broken_worker joins worker`."""

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.group import JoinGroupRequest

from streams.cli import main
from streams.kafka.membership import Coordinator
from streams.unit.store import KafkaStore
from streams.unit.unit import Unit

_FOR_EVER_S: Final = 3_600.0


async def _never(*_: Any) -> NoReturn:
    await asyncio.sleep(_FOR_EVER_S)
    raise AssertionError("it was to be ended long before")


def _judges() -> None:
    def for_ever(*_: Any) -> Iterator[bool]:
        time.sleep(_FOR_EVER_S)
        yield True

    Unit.apply = for_ever  # type: ignore[assignment,method-assign]


def _commits() -> None:
    KafkaStore.write = _never  # type: ignore[assignment,method-assign]


def _joins() -> None:
    """The group never answers a join, as a coordinator does that lost it."""
    really = Coordinator._send_req

    async def send(self: Coordinator, request: Any) -> Any:
        return await (_never() if isinstance(request, JoinGroupRequest) else really(self, request))

    Coordinator._send_req = send  # type: ignore[method-assign]


def _fetches() -> None:
    """No broker answers a fetch of events; of catalogue and exclusions they do."""
    really = Fetcher._proc_fetch_request

    async def fetch(self: Any, *of: Any) -> Any:
        return await (_never() if self.contact is not None else really(self, *of))

    Fetcher._proc_fetch_request = fetch


BREAK: Final = {"judges": _judges, "commits": _commits, "joins": _joins, "fetches": _fetches}
"""By what never ends."""


if __name__ == "__main__":
    BREAK[sys.argv.pop(1)]()
    main()
