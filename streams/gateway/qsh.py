"""The query string hash of a Connect token: it binds the token to one method, path and query.

Source: developer.atlassian.com, "Query string hash". The body is not covered.
"""

from collections import defaultdict
from hashlib import sha256
from urllib.parse import parse_qsl, quote


def query_string_hash(method: str, raw_path: str, raw_query: str) -> str:
    """SHA-256, in hex, of `METHOD&canonical path&canonical query`; path and query as on the wire."""
    canonical = f"{method.upper()}&{canonical_path(raw_path)}&{canonical_query(raw_query)}"
    return sha256(canonical.encode()).hexdigest()


def canonical_path(raw_path: str) -> str:
    """The path as on the wire, without a slash at its end, its `&` escaped."""
    return (raw_path.rstrip("/") or "/").replace("&", "%26")


def canonical_query(raw_query: str) -> str:
    """Parameters without `jwt`, sorted by their escaped names; values of a repeated one are sorted first, then escaped.

    The values are joined by commas. Text is sorted as Java and JavaScript do, by its UTF-16 units.
    """
    if not raw_query:
        return ""
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        if name != "jwt":
            values[_escaped(name)].append(value)
    return "&".join(
        f"{name}={','.join(map(_escaped, sorted(values[name], key=_utf_16_units)))}" for name in sorted(values)
    )


def _utf_16_units(text: str) -> bytes:
    return text.encode("utf-16-be")


def _escaped(text: str) -> str:
    return quote(text, safe="")
