import tracemalloc

from streams.compact import compact_json


def test_it_is_compact() -> None:
    assert compact_json(["tâche", 1, None, {"a": "b\n"}]) == '["tâche",1,null,{"a":"b\\n"}]'.encode()


def test_it_takes_no_more_room_than_its_bytes() -> None:
    tracemalloc.start()
    kept = [compact_json([number]) for number in range(1_000)]
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held_bytes < 200 * len(kept)
