"""Rows that a changelog may hold since version 0.2, the first release: every later version has to read them.

The files of `golden/` are rows as they were stored then, and stay as they are; `golden_rows.py` has what they say. When
the format changes:

- a new optional field: today's rows get files of a new name beside the older ones, which stay to be read. Older workers
  pass the field over, so the version byte stays.
- anything else (a field that is renamed, retyped, required or gone; another packing of panes): a new version byte in
  `streams/tables/rows.py`, files of the new version, and a decoder that still reads the one before. A worker that knows
  only that one refuses the new rows (`test_rows.py`): it must not lose what it cannot see.
"""

import pytest

from streams.tables.rows import breach_key, decode_breach, decode_meta, decode_series, encode_key, is_breach_key
from tests.tables.golden_rows import GOLDEN, INHERITED, METAS, SERIES, rows
from tests.tables.test_rows import told


@pytest.mark.parametrize("name", SERIES)
def test_a_stored_series_row_is_read(name: str) -> None:
    written = SERIES[name]
    read = decode_series(encode_key(written.key), golden(name))
    assert read.key == written.key
    assert (told(read.by_host), told(read.by_app)) == (told(written.by_host), told(written.by_app))
    assert read.states == written.states


@pytest.mark.parametrize("name", METAS)
def test_a_stored_meta_row_is_read(name: str) -> None:
    assert decode_meta(golden(name)) == METAS[name]


@pytest.mark.parametrize("name", INHERITED)
def test_a_stored_inherited_breach_is_read(name: str) -> None:
    key = b'inherited["com.example.app","Jira","webhook-delivery-15m"]'
    assert breach_key("com.example.app", "Jira", "webhook-delivery-15m") == key
    assert is_breach_key(key)
    assert decode_breach(key, golden(name)) == INHERITED[name]


def test_todays_rows_are_among_them() -> None:
    assert rows() == {name: golden(name) for name in rows()}


def test_every_file_is_read() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {*SERIES, *METAS, *INHERITED}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.row").read_bytes()
