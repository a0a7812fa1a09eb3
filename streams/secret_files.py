"""Secrets in files: as orchestrators mount them, and no environment of a process shows."""

from pathlib import Path


def read_secret(path: Path) -> str:
    """The text of a file that holds a secret, without the line's end.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is no text"
        raise ValueError(f"{path} cannot be read: {reason}") from None
