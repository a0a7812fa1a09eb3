"""Lists in files: every item with its line, in each of the formats."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.listing import Item, UnreadableListError, _json, read_list


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.yaml", b"# apps\n- {a: 1}\n-\n  a: 2\n", [2, 4]),
        ("a.yml", b'[{"a": 1},\n {"a": 2}]', [1, 2]),
        ("a.json", b'[\n\t{"a":\n1},\n\n{"a": 2}]\n', [2, 5]),
        ("a.ndjson", b'\n{"a": 1}\n\n{"a": 2}', [2, 4]),
        ("a.jsonl", b'{"a": 1}\r\n{"a": 2}\r\n', [1, 2]),
    ],
)
def test_each_format_has_the_lines_of_its_items(tmp_path: Path, name: str, content: bytes, lines: list[int]) -> None:
    assert read_list(write(tmp_path, name, content)) == [
        Item(line, {"a": number}) for number, line in enumerate(lines, start=1)
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.ndjson", b'{"a": 1}\n{"a": \n', "line 2"),
        ("a.ndjson", b'{"a": 1}\n{"a": 1, "a": 2}\n', "line 2: a is given twice; keep one"),
        ("a.json", b'[{"a": 1},\n{"b": {"a": 1, "a": 1}}]', "line 2: a is given twice; keep one"),
        ("a.yaml", b"- a: 1\n- b:\n    a: 1\n    c: 2\n    a: 3\n", "line 5: a is given twice; keep one"),
        ("a.json", b'[{"a": NaN}]', "not readable"),
        ("a.json", b"[1, 2,]", "not readable"),
        ("a.json", b'{"a": 1}', "must be a list"),
        ("a.json", b"[]", "must be a list"),
        ("a.yaml", b"- {", "not readable"),
        ("a.yaml", b"a: 1", "must be a list"),
        ("a.yaml", b"\xff\xfe\x00", "not readable"),
        ("a.ndjson", b"\n\n", "must be a list"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_file(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = write(tmp_path, name, content)
    with pytest.raises(UnreadableListError, match=said) as refusal:
        read_list(path)
    assert str(refusal.value).startswith(f"{path}: ")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab[]{},"\\', max_size=3), inner, max_size=3),
)


@given(values=st.lists(_VALUES, max_size=5), indent=st.sampled_from([0, orjson.OPT_INDENT_2]))
def test_any_json_list_is_read_as_it_is(values: list[Any], indent: int) -> None:
    assert [item.value for item in _json(orjson.dumps(values, option=indent))] == values
