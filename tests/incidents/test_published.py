"""The record of an incident: bounded in bytes, and what of it partners see."""

import pytest

from streams.incidents.entry import SYSTEM, Act, Entry
from streams.incidents.published import MOST_TEXT_BYTES, for_partners, published, words_of
from tests.incidents.test_life import found, life
from tests.model.build import clock_ms


def note(at: str, why: str, who: str = "anna@platform.example", *, is_public: bool = True) -> Entry:
    return Entry(Act.NOTE, clock_ms(at), who, why, {}, is_public)


def test_a_long_timeline_keeps_what_is_newest_and_fits_into_a_record() -> None:
    timeline = [found(), *(note("12:10", f"{number:03}" + "長" * 4_000) for number in range(90))]
    record = published(life(*timeline), timeline, ["com.example.one"], clock_ms("12:20"))
    texts = [line.text for line in record.timeline]
    assert [text[:3] for text in texts] == [f"{number:03}" for number in range(90 - len(texts), 90)]
    size = sum(len(text.encode()) for text in texts)
    assert size <= MOST_TEXT_BYTES < size + len(texts[0].encode())


def test_partners_see_public_lines_alone_and_nobodys_login() -> None:
    timeline = [
        found(),
        note("12:05", "We look into it."),
        note("12:06", "It is the proxy.", is_public=False),
        note("12:07", "It is over.", SYSTEM),
    ]
    record = published(life(*timeline), timeline, ["com.example.one"], clock_ms("12:20")).model_dump(by_alias=True)
    seen = for_partners(record)
    assert [(line["who"], line["text"]) for line in seen["timeline"]] == [
        ("the platform team", "We look into it."),
        (SYSTEM, "It is over."),
    ]
    assert "apps" not in seen


@pytest.mark.parametrize(("good", "said"), [(0, "1 of 1 event failed"), (1, "1 of 2 events failed")])
def test_one_event_is_one(good: int, said: str) -> None:
    measured = Entry(Act.MEASURED, clock_ms("12:10"), SYSTEM, "", {"good": good, "bad": 1, "start": clock_ms("12:00")})
    assert words_of(measured).startswith(said)
