"""Files of the page: each is whole at any moment, whoever reads it, and whatever dies while it is written."""

import os
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4


def write_files(folder: Path, files: Mapping[str, bytes]) -> int:
    """Write what is not there yet, or is there otherwise; how many files that were.

    Raises:
        OSError: the folder cannot be written to.
    """
    written = 0
    for name, content in files.items():
        path = folder / name
        if path.exists() and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            with beside.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        written += 1
    return written
