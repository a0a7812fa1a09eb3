from streams.kafka.chunk import SLICE_RECORDS, Chunk, merge
from tests.build import Stored, chunk
from tests.model.build import delivery


def test_the_part_of_a_chunk_from_an_offset_on() -> None:
    whole = chunk(delivery("12:00"), delivery("12:01"), delivery("12:02"), start=5)
    assert whole.since(5) is whole
    rest = whole.since(7)
    assert (rest.start_offset, rest.next_offset, [record.offset for record in rest.records]) == (7, 8, [7])
    assert list(whole.since(8).records) == []


def test_chunks_that_follow_each_other_are_one() -> None:
    first, markers, last = Chunk(0, 2, [Stored(offset=0)]), Chunk(2, 4, []), Chunk(4, 5, [Stored(offset=4)])
    whole = merge([first, markers, last])
    assert (whole.start_offset, whole.next_offset) == (0, 5)
    assert list(whole.records) == [Stored(offset=0), Stored(offset=4)]


def test_slices_bring_every_record_once_and_in_order_whatever_the_batches() -> None:
    size, offsets = SLICE_RECORDS // 4 + 1, range(3 * SLICE_RECORDS)
    batches = [
        Chunk(at, min(at + size, offsets.stop), iter([Stored(offset=offset) for offset in offsets[at : at + size]]))
        for at in offsets[::size]
    ]
    slices = list(merge(batches).slices())
    assert [len(some) for some in slices] == [SLICE_RECORDS] * 3
    assert [record.offset for some in slices for record in some] == list(offsets)
    assert list(merge([Chunk(0, 2, ())]).slices()) == []
