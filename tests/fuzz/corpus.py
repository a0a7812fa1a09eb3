"""Where fuzzing starts from: the examples of the schemas, good and bad."""

from functools import cache
from pathlib import Path
from typing import Final

import orjson

from streams.names import METRICS

_EXAMPLES: Final = Path(__file__).parents[2] / "schemas" / "examples"


@cache
def corpus() -> tuple[bytes, ...]:
    """The bytes of every example of an input event; a bad one lies in a file of its own beside its complaints."""
    found = [path.read_bytes() for path in sorted((_EXAMPLES / "bad" / "not-json").glob("*"))]
    for metric in METRICS.values():
        found += [path.read_bytes() for path in sorted((_EXAMPLES / "good" / metric.record).glob("*.json"))]
        for path in sorted((_EXAMPLES / "bad" / metric.record).glob("*.json")):
            found += [orjson.dumps(part) for part in orjson.loads(path.read_bytes()).values()]
    return tuple(found)


@cache
def words() -> tuple[bytes, ...]:
    """Pieces that mean something to a JSON reader or to the schemas, for a fuzzer to put together."""
    literals = (b"null", b"true", b"NaN", b"Infinity", b"1e400", b"-0", b"1.0", b"9223372036854775808", b"\\ud800")
    marks = (b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\\u0000", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf")
    names = {b'"%b"' % word for one in corpus() for word in one.split(b'"')[1::2] if len(word) <= 40}
    return (*literals, *marks, *sorted(names))
