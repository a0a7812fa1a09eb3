"""Secrets in files: as orchestrators mount them, and no environment of a process shows."""

from pathlib import Path
from typing import Final

from pydantic import SecretStr

MAX_BYTES: Final = 64 * 1024
"""A list of keys is not that long; `/dev/zero` is."""


def read_secret(path: Path) -> str:
    """The text of a file that holds a secret, without the line's end.

    Raises:
        ValueError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode().strip()
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is no text"
        raise ValueError(f"{path} cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} holds no secret: it is larger than {MAX_BYTES:,} bytes")
    return text


def one_secret(secret: SecretStr | None, path: Path | None, name: str) -> str | None:
    """The secret of the variable `name` or of the file; None where neither is set.

    Raises:
        ValueError: both are, or the file cannot be read.
    """
    if path is None:
        return None if secret is None else secret.get_secret_value()
    if secret is not None:
        raise ValueError(f"set, but {name} is, too: one of them")
    return read_secret(path)
