"""An address that sends wrong tokens again and again, at a running gateway."""

import asyncio
from pathlib import Path

import orjson

from tests.gateway.conftest import Stage
from tests.gateway.process import SERVICE, running_gateway
from tests.gateway.test_events import EVENTS


def test_who_guesses_has_to_wait_and_who_was_good_does_not(stage: Stage, tmp_path: Path) -> None:
    body = orjson.dumps(EVENTS["webhook"])

    async def scenario() -> None:
        async def send(headers: dict[str, str]) -> tuple[int, str | None]:
            status, _, answered = await gateway.call("POST", "/events/webhook", body, headers)
            return status, answered.get("Retry-After")

        assert await send(SERVICE) == (200, None)
        wrong = [await send({"Authorization": f"Bearer a-guess-number-{number}-of-a-token"}) for number in range(4)]
        assert [status for status, _ in wrong] == [401, 401, 401, 429]
        assert int(wrong[3][1] or 0) > 0
        assert await send(SERVICE) == (200, None)

    with running_gateway({**stage.environment, "SLO_GATEWAY_FAILURES": "3"}, tmp_path) as gateway:
        asyncio.run(scenario())
