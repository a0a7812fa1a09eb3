from streams.intake.chunk import Chunk, merge
from tests.build import Stored, chunk
from tests.model.build import delivery


def test_the_part_of_a_chunk_from_an_offset_on() -> None:
    whole = chunk(delivery("12:00"), delivery("12:01"), delivery("12:02"), start=5)
    assert whole.since(5) is whole
    rest = whole.since(7)
    assert (rest.start_offset, rest.next_offset, [record.offset for record in rest.records]) == (7, 8, [7])
    assert whole.since(8).records == []


def test_chunks_that_follow_each_other_are_one() -> None:
    first, markers, last = Chunk(0, 2, [Stored(offset=0)]), Chunk(2, 4, []), Chunk(4, 5, [Stored(offset=4)])
    assert merge([first]) is first
    assert merge([first, markers, last]) == Chunk(0, 5, [Stored(offset=0), Stored(offset=4)])
