"""One use of a token over all gateways: the order of the log decides, whatever each of them knows when."""

import asyncio
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.gateway.fingerprints import ReplayGuard
from streams.gateway.used_tokens import NotClaimedError, TokenClaims
from tests.gateway.conftest import APP, Stage
from tests.gateway.process import running_gateway
from tests.gateway.signing import authorization, publish_path
from tests.gateway.test_publish import SUCCESS

TOKENS = ["one", "two", "three"]


class Log:
    """One partition: what is written has its place at once, and each gateway reads it when the test says so."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    async def write(self, value: bytes) -> None:
        self.values.append(value)


class Gateway:
    def __init__(self, log: Log) -> None:
        self.claims = TokenClaims(ReplayGuard(360, lambda: 0.0), log.write, wait_s=30, pause_s=0)
        self._log = log
        self._read = 0

    def read(self, most: int) -> None:
        for value in self._log.values[self._read : self._read + most]:
            self.claims.apply(value)
        self._read = min(len(self._log.values), self._read + most)


steps = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(st.sampled_from(TOKENS), st.integers(1, 3), st.none())), max_size=40
)


@given(steps=steps)
def test_of_all_calls_with_a_token_one_is_let_in(steps: list[tuple[int, str | int | None]]) -> None:
    async def scenario() -> None:
        log = Log()
        gateways = [Gateway(log) for _ in range(3)]
        calls: dict[str, list[asyncio.Task[bool]]] = {token: [] for token in TOKENS}
        for number, what in steps:
            if isinstance(what, str):
                calls[what].append(asyncio.create_task(gateways[number].claims.is_first_use(what)))
            elif isinstance(what, int):
                gateways[number].read(what)
            else:
                await asyncio.sleep(0)
        for _ in range(50):  # let what was begun be written and read to the end
            await asyncio.sleep(0)
            for gateway in gateways:
                gateway.read(1_000)
        for token, waiting in calls.items():
            if waiting:
                answers = await asyncio.gather(*waiting)
                assert answers.count(True) == 1, token

    asyncio.run(scenario())


def test_calls_at_the_same_time_share_a_record() -> None:
    async def scenario() -> None:
        log = Log()
        gateway = Gateway(log)
        calls = [asyncio.create_task(gateway.claims.is_first_use(f"token-{number}")) for number in range(50)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gateway.read(10)
        assert await asyncio.gather(*calls) == [True] * 50
        assert len(log.values) == 1
        assert not gateway.claims.is_stuck

    asyncio.run(scenario())


def test_a_claim_that_nobody_confirms_lets_nobody_in() -> None:
    async def never(_: bytes) -> None:
        await asyncio.Event().wait()

    async def scenario() -> None:
        claims = TokenClaims(ReplayGuard(360, lambda: 0.0), never, wait_s=0.05)
        assert not claims.is_stuck
        first = asyncio.create_task(claims.is_first_use("one"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # it is being sent, and the next has to wait for that
        for call in (first, asyncio.create_task(claims.is_first_use("two"))):
            with pytest.raises(NotClaimedError):
                await asyncio.wait_for(call, timeout=30)
        assert claims.is_stuck

    asyncio.run(scenario())


@pytest.mark.parametrize("value", [None, b"", b"nonsense", b"{}", b'{"gateway": "x", "number": 0, "tokens": []}'])
def test_what_is_no_claim_claims_nothing(value: bytes | None) -> None:
    TokenClaims(ReplayGuard(360, lambda: 0.0), Log().write, 1).apply(value)


def test_a_token_is_good_once_over_two_gateways_and_over_a_restart(stage: Stage, tmp_path: Path) -> None:
    async def statuses(*urls: str) -> list[int]:
        headers = authorization("c-1", APP)
        body = orjson.dumps([SUCCESS])
        path = publish_path(APP)
        gateways = {stage.gateway.url: stage.gateway, other.url: other}
        calls = [gateways[url].call("PUT", path, body, headers) for url in urls]
        return [status for status, _, _ in await asyncio.gather(*calls)]

    async def again(headers: dict[str, str]) -> int:
        return (await other.call("PUT", publish_path(APP), orjson.dumps([SUCCESS]), headers))[0]

    with running_gateway(stage.environment, tmp_path) as other:
        for _ in range(5):
            found = asyncio.run(statuses(stage.gateway.url, other.url, stage.gateway.url))
            assert sorted(found) == [204, 401, 401]
    used = authorization("c-1", APP)
    assert asyncio.run(stage.gateway.publish("c-1", APP, [SUCCESS], headers=used)) == (204, None)
    with running_gateway(stage.environment, tmp_path) as other:
        assert asyncio.run(again(used)) == 401
