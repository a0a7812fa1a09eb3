"""Whatever a producer sends: it is kept with its reason and its bytes, and the stream goes on."""

import asyncio
import hashlib
from typing import Any

import orjson

from streams.kafka.excerpt import KEPT_BYTES
from streams.names import WEBHOOK
from tests.e2e.flow import Flow
from tests.model import Record, murmur2_partition
from tests.model.build import ORDINARY
from tests.model.copies import rerouted_from
from tests.model.generate import HOUR_MS, START_MS

KEY = b"com.example.app"
EVENT: dict[str, Any] = {"appKey": KEY.decode(), "time": START_MS, **ORDINARY[WEBHOOK.id]}
GOOD = orjson.dumps(EVENT)


def without(name: str) -> bytes:
    return orjson.dumps({field: value for field, value in EVENT.items() if field != name})


def having(**fields: Any) -> bytes:
    return orjson.dumps({**EVENT, **fields})


def spelled(name: str, literal: bytes) -> bytes:
    """The event with a field as no JSON library would write it."""
    return having(**{name: "HERE"}).replace(b'"HERE"', literal)


ALWAYS = {"reason", "detail", "topic", "partition", "offset", "application"}
CUT = {"truncated", "sha256"}

BAD: tuple[tuple[str, bytes | None], ...] = (
    ("not_json", None),
    ("not_json", b""),
    ("not_json", b"{"),
    ("not_json", b"time=12"),
    ("not_json", b"\xff\xfe{}"),
    ("not_json", spelled("product", b'"\xc3\x28"')),
    ("not_json", spelled("durationInMillis", b"NaN")),
    ("not_json", spelled("durationInMillis", b"Infinity")),
    ("schema", spelled("durationInMillis", b"1e999")),
    ("schema", spelled("time", b"1" + b"0" * 4_000)),
    ("not_json", b"[" * 30_000 + b"]" * 30_000),
    ("not_json", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    ("schema", b"null"),
    ("schema", b"12"),
    ("schema", b'"text"'),
    ("schema", b"[]"),
    ("schema", b"{}"),
    *(("schema", without(name)) for name in ("appKey", "time", "product", "clientKey", "event")),
    ("schema", having(appKey="")),
    ("schema", having(appKey=None)),
    ("schema", having(appKey="k" * 257)),
    ("schema", having(appKey=["com.example.app"])),
    ("schema", having(product=7)),
    ("schema", having(group="")),
    ("schema", having(statusCode=True)),
    ("schema", having(statusCode="204")),
    ("schema", having(statusCode=204.5)),
    ("schema", having(durationInMillis=False)),
    ("schema", having(durationInMillis=-1)),
    ("schema", having(faultOwner="NOBODY")),
    ("schema", having(time=True)),
    ("schema", having(time=None)),
    ("schema", having(time=1.5)),
    ("schema", having(time=-1)),
    ("schema", having(time=START_MS * 1_000)),
    ("schema", spelled("time", b"1" + b"0" * 40)),
    ("schema", having(time="")),
    ("schema", having(time="2026-03-02T12:00:00")),
    ("schema", having(time="2026-02-30T12:00:00Z")),
    ("schema", having(time="1999-12-31T23:59:59Z")),
    ("schema", having(time="2101-01-01T00:00:00Z")),
    ("too_large", having(padding="x" * 64 * 1024)),
    ("too_large", b"x" * 800_000),
)


def arriving(value: bytes | None, *, key: bytes | None = KEY, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    partition = murmur2_partition(KEY, 4)
    return Record("slo.webhook.v1", partition, key, value, START_MS, headers)


def test_every_kind_of_bad_record_is_kept_with_its_reason(flow: Flow) -> None:
    async def scenario() -> None:
        later = START_MS + 26 * HOUR_MS
        keys: list[bytes | None] = [KEY, b"someone.else", b"", None]
        bad = [(reason, arriving(value, key=keys[number % len(keys)])) for number, (reason, value) in enumerate(BAD)]
        untimely = [
            ("future_time", arriving(having(time=START_MS + 60_001))),
            ("misplaced", arriving(GOOD, key=b"someone.else", headers=(rerouted_from(arriving(GOOD)),))),
        ]
        wanted = [*bad, *untimely, ("too_late", arriving(GOOD))]
        await flow.create_topics()
        log = [arriving(GOOD), *(record for _, record in (*bad, *untimely)), arriving(having(statusCode=500))]
        log += [arriving(having(time=later))._replace(timestamp_ms=later), arriving(GOOD)]
        await flow.produce(flow.place(log))
        flow.start_worker()
        await flow.wait_until_read()
        await flow.check()

        kept = sorted(await flow.read(flow.topics.rejected), key=lambda record: int(dict(record.headers)["offset"]))
        assert len(kept) == len(wanted)
        for record, (reason, original) in zip(kept, wanted, strict=True):
            headers = dict(record.headers)
            value = original.value
            is_cut = value is not None and len(value) > KEPT_BYTES
            assert (record.key, record.value) == (original.key, value and value[:KEPT_BYTES])
            assert headers["reason"].decode() == reason, headers["detail"]
            assert headers["detail"]
            assert headers.keys() - ALWAYS == (CUT if is_cut else set())
        alerts = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        assert [(alert["reason"], alert["goodCount"], alert["badCount"]) for alert in alerts] == [
            ("BELOW_OBJECTIVE", 1, 1),
            ("NO_DATA", 0, 0),
        ]

    asyncio.run(scenario())


def test_records_near_the_limit_of_the_broker_stop_nothing(flow: Flow) -> None:
    """A topic may allow far larger records than the one that rejected records are kept on."""

    async def scenario() -> None:
        await flow.create_topics(largest_record_bytes=4 * 1024 * 1024)
        poison = b"\x00poison" * 300_000
        huge_key, huge_headers = b"k" * 1_000_000, (("trace", b"h" * 1_000_000),)
        log = [
            arriving(poison),
            arriving(b"not JSON", key=huge_key),
            arriving(b"x" * 600_000, key=b"k" * 600_000),
            arriving(b"not JSON", headers=huge_headers),
            arriving(GOOD, key=b"someone.else", headers=huge_headers),
            arriving(GOOD, headers=huge_headers),
            arriving(having(statusCode=500)),
        ]
        await flow.produce(flow.place(log), max_request_size=4 * 1024 * 1024)
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        flow.start_worker()
        await flow.wait_until_read()

        kept = sorted(await flow.read(flow.topics.rejected), key=lambda record: int(dict(record.headers)["offset"]))
        reasons = [dict(record.headers)["reason"].decode() for record in kept]
        assert reasons == ["too_large", "not_json", "too_large", "not_json", "misplaced"]
        headers = dict(kept[0].headers)
        assert kept[0].value == poison[:KEPT_BYTES]
        assert headers["truncated"] == str(len(poison)).encode()
        assert headers["sha256"] == hashlib.sha256(poison).hexdigest().encode()
        assert kept[1].key == huge_key[:KEPT_BYTES]
        assert [record.value for record in kept[1:]] == [b"not JSON", b"x" * KEPT_BYTES, b"not JSON", GOOD]
        alerts = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        assert [(alert["reason"], alert["goodCount"], alert["badCount"]) for alert in alerts] == [
            ("BELOW_OBJECTIVE", 1, 1),
            ("NO_DATA", 0, 0),
        ]

    asyncio.run(scenario())
