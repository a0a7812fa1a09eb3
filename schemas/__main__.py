"""`python -m schemas` writes the JSON Schemas and the AsyncAPI document; `--check` says whether they are current."""

import argparse
import sys

from schemas import asyncapi
from schemas.json_schema import DIRECTORY, json_schemas, stale_files


def main() -> int:
    """Exit status: 1 when `--check` finds a stale file."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is stale")
    check = parser.parse_args().check
    stale = stale_files() + ([asyncapi.FILE] if asyncapi.is_stale() else [])
    if check:
        for file in stale:
            print(f"stale: {file.name}; run `python -m schemas` and commit the result", file=sys.stderr)
        return 1 if stale else 0
    DIRECTORY.mkdir(exist_ok=True)
    for file in stale:
        file.unlink(missing_ok=True)
    for file, content in {**json_schemas(), asyncapi.FILE: asyncapi.asyncapi()}.items():
        file.write_bytes(content)
        print(f"wrote {file.relative_to(DIRECTORY.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
