"""`python -m streams.dashboard > infra/api/dashboard.json` writes the OpenAPI document that the dashboard serves."""

import sys

import orjson

from streams.dashboard.app import documented_app


def openapi_json() -> bytes:
    """The document of a dashboard that is never started."""
    return orjson.dumps(documented_app().openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    sys.stdout.buffer.write(openapi_json())
