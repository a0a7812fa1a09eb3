"""Two small real web apps to watch: one always healthy, one that fails now and then by a fixed timetable."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import Enum
from socket import AF_INET, SOCK_STREAM, socket

from aiohttp import web

from streams.prober.targets import HealthTarget

STEADY_APP = "com.example.steady"
FLAKY_APP = "com.example.flaky"

# A failure of 80 s is met by every prober that comes once a minute, and its breach is judged at the next full minute.
CYCLE_S = 300
FAILS_FROM_S = 20
FAILS_UNTIL_S = 100
SLOW_ANSWER_S = 4


class Behaviour(Enum):
    """What the flaky app does with a health check."""

    HEALTHY = "200 at once"
    ERROR = "500 at once"
    SLOW = "200, but too late to count as good"


def flaky_behaviour(age_s: float) -> Behaviour:
    """Behaviour of the flaky app `age_s` seconds after its start: errors in even cycles, slow in odd ones."""
    cycle, moment_s = divmod(age_s, CYCLE_S)
    if not FAILS_FROM_S <= moment_s < FAILS_UNTIL_S:
        return Behaviour.HEALTHY
    return Behaviour.SLOW if cycle % 2 else Behaviour.ERROR


@asynccontextmanager
async def demo_apps(monotonic_s: Callable[[], float] | None = None) -> AsyncIterator[list[HealthTarget]]:
    """Run both apps on free ports of 127.0.0.1 and yield their health URLs: the steady one, the flaky one.

    `monotonic_s` is the clock of the flaky app's timetable; the event loop's by default.
    """
    clock = monotonic_s or asyncio.get_running_loop().time
    started_s = clock()
    async with AsyncExitStack() as stack:
        yield [
            await _serve(stack, STEADY_APP, lambda: Behaviour.HEALTHY),
            await _serve(stack, FLAKY_APP, lambda: flaky_behaviour(clock() - started_s)),
        ]


async def _serve(stack: AsyncExitStack, app_key: str, behaviour: Callable[[], Behaviour]) -> HealthTarget:
    async def health(_request: web.Request) -> web.Response:
        now = behaviour()
        if now is Behaviour.SLOW:
            await asyncio.sleep(SLOW_ANSWER_S)
        return web.json_response({"status": now.value}, status=500 if now is Behaviour.ERROR else 200)

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    listener = socket(AF_INET, SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    return HealthTarget(app_key=app_key, url=f"http://127.0.0.1:{listener.getsockname()[1]}/health")
