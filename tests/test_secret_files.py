"""Secrets of files: read without the line's end, and never without end."""

from pathlib import Path

import pytest

from streams.secret_files import MAX_BYTES, read_secret


def test_the_end_of_the_line_is_no_part_of_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("two words\n", encoding="utf-8")
    assert read_secret(path) == "two words"


def test_the_largest_file_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"x" * MAX_BYTES)
    assert read_secret(path) == "x" * MAX_BYTES
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match=r"secret holds no secret: it is larger than 65,536 bytes"):
        read_secret(path)


@pytest.mark.timeout(20)
def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^/dev/zero holds no secret"):
        read_secret(Path("/dev/zero"))
