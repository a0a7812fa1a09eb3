"""Write the boards, or with `--check` say which are not as the code makes them."""

import sys
from pathlib import Path
from typing import Final

import orjson

from infra.dashboards.boards import boards

FOLDER: Final = Path(__file__).parent


def main() -> int:
    """Exit code 1 with `--check` where a file differs."""
    texts = {FOLDER / f"{name}.json": orjson.dumps(board, option=_OPTIONS) for name, board in boards().items()}
    if "--check" not in sys.argv[1:]:
        for path, text in texts.items():
            path.write_bytes(text)
        return 0
    stale = [path.name for path, text in texts.items() if not path.exists() or path.read_bytes() != text]
    if stale:
        sys.stderr.write(f"{', '.join(stale)}: not as the code makes them; run make dashboards\n")
    return 1 if stale else 0


_OPTIONS: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE

if __name__ == "__main__":
    sys.exit(main())
