"""The data of a notification in a mail, for programs: inside the HTML, and attached. Pure."""

import json
from typing import Any, Final

from streams.notifier.mail.mime import MOST_OF_A_LINE

_TAGS: Final = 75  # in which it stands
# So that nothing in it ends the script, begins a comment, or is taken for markup by a reader that is none.
_ESCAPES: Final = {ord(char): f"\\u{ord(char):04x}" for char in "<>&'"}
_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))  # `json.dumps` makes one each time


def script_json(data: Any) -> str:
    """JSON in ASCII, with everything escaped that means something in HTML; long data has a line for each field."""
    whole = _ENCODER.encode(data)
    if len(whole) + _TAGS > MOST_OF_A_LINE:
        whole = json.dumps(data, ensure_ascii=True, separators=(",", ":"), indent=0)
    return whole.translate(_ESCAPES)
