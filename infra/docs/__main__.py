"""`python -m infra.docs` writes the reference pages anew; `--check` says whether they are current."""

import argparse
import sys

from infra.docs.reference import DIRECTORY, pages


def main() -> int:
    """Exit status: 1 when `--check` finds a stale page."""
    parser = argparse.ArgumentParser(prog="python -m infra.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a page is stale")
    check = parser.parse_args().check
    stale = {name: text for name, text in pages().items() if _now(name) != text}
    for name, text in stale.items():
        if check:
            print(f"stale: {name}; run `make docs-reference` and commit the result", file=sys.stderr)
        else:
            (DIRECTORY / name).write_text(text)
            print(f"wrote {name}")
    return 1 if check and stale else 0


def _now(name: str) -> str | None:
    page = DIRECTORY / name
    return page.read_text() if page.exists() else None


if __name__ == "__main__":
    sys.exit(main())
