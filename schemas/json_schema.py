"""The JSON Schemas in `schemas/json/`, made from the models and kept in the tree for readers in other languages."""

from pathlib import Path
from typing import Final

import orjson

from schemas.topics import INPUTS, TOPICS

DIRECTORY: Final = Path(__file__).parent / "json"

_DRAFT_4: Final = "http://json-schema.org/draft-04/schema#"
_DRAFT_2020: Final = "https://json-schema.org/draft/2020-12/schema"

_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def json_schemas() -> dict[Path, bytes]:
    """File -> its content: the JSON Schema of each topic, with the names and limits on the wire.

    Draft 4 for what is read: there an integer is a number without fraction or exponent, as it is to the intake. Later
    drafts call 200.0 an integer, and have no word for what is not.
    """
    return {
        DIRECTORY / f"{topic}.schema.json": orjson.dumps(
            {"$schema": _DRAFT_4 if topic in INPUTS else _DRAFT_2020} | model.model_json_schema(), option=_LAYOUT
        )
        for topic, model in TOPICS.items()
    }


def stale_files() -> list[Path]:
    """Files in the tree that are not what the models say: changed, missing, or of a topic that is gone."""
    wanted = json_schemas()
    changed = [file for file, content in wanted.items() if not file.exists() or file.read_bytes() != content]
    return changed + [file for file in sorted(DIRECTORY.glob("*.json")) if file not in wanted]
