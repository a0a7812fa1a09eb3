"""The client for services without an event loop: the same calls, each of them done when it returns.

with BlockingEventClient("localhost:9092") as client:
    client.webhook(app_key="com.example.app", product="Jira", client_key="c-1", event="jira:issue_updated",
                   status_code=204, duration_in_millis=81.5)
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from streams.client.client import EventClient
from streams.settings import Settings

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _waiting(
    method: Callable[Concatenate[EventClient, Arguments], Coroutine[Any, Any, Result]],
) -> Callable[Concatenate["BlockingEventClient", Arguments], Result]:
    @wraps(method)
    def call(self: "BlockingEventClient", /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        return self._wait_for(method(self._client, *args, **kwargs))

    return call


class BlockingEventClient:
    """Sends events; each call returns when all replicas have its event. Threads may share it.

    Its connections live in a thread of their own. Arguments and errors are those of `EventClient`.
    """

    def __init__(self, bootstrap_servers: str | None = None, *, settings: Settings | None = None) -> None:
        self._client = EventClient(bootstrap_servers, settings=settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="slo-streams-client", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._wait_for(self._client.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._wait_for(self._client.__aexit__(kind, error, trace))
        finally:
            self._end()

    healthcheck = _waiting(EventClient.healthcheck)
    iframe = _waiting(EventClient.iframe)
    installation_callback = _waiting(EventClient.installation_callback)
    webhook = _waiting(EventClient.webhook)

    def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        if not self._thread.is_alive():
            work.close()
            raise RuntimeError("use it as `with BlockingEventClient(...) as client`")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
