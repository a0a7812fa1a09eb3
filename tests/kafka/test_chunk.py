from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from streams.kafka.chunk import SLICE_BYTES, SLICE_RECORDS, Chunk, Part, merge
from tests.build import Stored, chunk
from tests.model.build import delivery


def numbered(offsets: Iterable[int]) -> list[Stored]:
    return [Stored(offset=offset) for offset in offsets]


def sliced(whole: Chunk) -> list[list[int]]:
    """The offsets of each slice."""
    return [[record.offset for record in some] for some in whole.slices()]


def test_the_part_of_a_chunk_from_an_offset_on() -> None:
    def whole() -> Chunk:
        return chunk(delivery("12:00"), delivery("12:01"), delivery("12:02"), start=5)

    assert sliced(whole().since(5)) == sliced(whole().since(3)) == [[5, 6, 7]]
    rest = whole().since(7)
    assert (rest.start_offset, rest.next_offset, sliced(rest)) == (7, 8, [[7]])
    assert sliced(whole().since(8)) == []


def test_chunks_that_follow_each_other_are_one() -> None:
    whole = merge([Chunk.of(0, 2, numbered([0])), Chunk(2, 4, ()), Chunk.of(4, 5, numbered([4]))])
    assert (whole.start_offset, whole.next_offset) == (0, 5)
    assert sliced(whole) == [[0, 4]]


def test_slices_bring_every_record_once_and_in_order_whatever_the_batches() -> None:
    size, offsets = SLICE_RECORDS // 4 + 1, range(3 * SLICE_RECORDS)
    batches = [Chunk.of(at, min(at + size, offsets.stop), numbered(offsets[at : at + size])) for at in offsets[::size]]
    slices = sliced(merge(batches))
    assert [len(some) for some in slices] == [SLICE_RECORDS] * 3
    assert list(chain.from_iterable(slices)) == list(offsets)
    assert sliced(merge([Chunk(0, 2, ())])) == []


def test_of_large_records_a_slice_has_fewer() -> None:
    quarter = [Part(numbered(range(8)), 8, 8 * SLICE_BYTES // 4)]
    assert [len(some) for some in sliced(Chunk(0, 8, quarter))] == [3, 3, 2]
    larger_than_a_slice = [Part(numbered(range(2)), 2, 20 * SLICE_BYTES)]
    assert sliced(Chunk(0, 2, larger_than_a_slice)) == [[0], [1]]
    beside_small_ones = [Part(numbered(range(300)), 300), Part(numbered([300, 301]), 2, SLICE_BYTES)]
    assert [len(some) for some in sliced(Chunk(0, 302, beside_small_ones))] == [301, 1]


def test_nothing_is_unpacked_before_its_turn_and_a_pause_is_an_empty_slice() -> None:
    begun: list[int] = []

    def parts() -> Iterator[Part | None]:
        for number in range(2):
            begun.append(number)
            yield Part(numbered(range(number * SLICE_RECORDS, (number + 1) * SLICE_RECORDS)), SLICE_RECORDS)
        yield None
        yield None

    slices = Chunk(0, 2 * SLICE_RECORDS, parts()).slices()
    assert begun == []
    assert len(next(slices)) == SLICE_RECORDS
    assert begun == [0]
    assert [len(some) for some in slices] == [SLICE_RECORDS, 0, 0]


def test_a_whole_was_seen_with_the_last_of_its_records() -> None:
    assert merge([replace(Chunk.of(0, 2, numbered([0])), seen_s=5.0), Chunk(2, 4, ())]).seen_s == 5.0
