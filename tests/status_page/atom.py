"""What RFC 4287 says a feed must be (and what readers need of it), as far as ours can break it."""

from datetime import datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"
_ONCE = ("id", "title", "updated")
_KNOWN = {
    "feed": {"id", "title", "updated", "author", "entry", "link"},
    "entry": {"id", "title", "updated", "published", "link", "content"},
    "author": {"name", "uri"},
}


def faults(document: bytes) -> list[str]:
    """Each rule that the feed breaks, in words; none: it is valid."""
    feed = ET.fromstring(document)  # noqa: S314 - our own
    if feed.tag != f"{ATOM}feed":
        return [f"the root is {feed.tag}"]
    found = [*_of(feed, "feed")]
    if feed.find(f"{ATOM}author/{ATOM}name") is None:
        found.append("4.1.1: neither the feed nor its entries have an author with a name")
    entries = feed.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    if len(set(ids)) < len(ids):
        found.append("4.1.1: two entries have the same id and are not told apart")
    for entry in entries:
        found += _of(entry, "entry")
        content = entry.find(f"{ATOM}content")
        if content is None or content.get("type") != "text" or len(content):
            found.append("4.1.3.3: the content is not plain text")
    newest = max((entry.findtext(f"{ATOM}updated") or "" for entry in entries), default="")
    if (feed.findtext(f"{ATOM}updated") or "") < newest:
        found.append("the feed is said to be older than its newest entry")
    return found


def _of(element: ET.Element, name: str) -> list[str]:
    found = [
        f"{name} has an element {child.tag}" for child in element if child.tag.removeprefix(ATOM) not in _KNOWN[name]
    ]
    for one in _ONCE:
        texts = [child.text for child in element.findall(f"{ATOM}{one}")]
        if len(texts) != 1 or not (texts[0] or "").strip():
            found.append(f"4.1: {name} must have exactly one {one}: {texts}")
    for one in ("updated", "published"):
        found += [f"3.3: {one} {child.text!r}" for child in element.findall(f"{ATOM}{one}") if not _is_date(child.text)]
    identity = element.findtext(f"{ATOM}id") or ""
    if not urlsplit(identity).scheme:
        found.append(f"4.2.6: the id {identity!r} is no absolute IRI")
    for link in element.findall(f"{ATOM}link"):
        href, rel = link.get("href", ""), link.get("rel", "alternate")
        if not href or any(letter in href for letter in ' <>"{}|\\^`') or rel not in ("alternate", "self"):
            found.append(f"4.2.7: the link {rel} to {href!r}")
        if rel == "self" and not urlsplit(href).scheme:
            found.append(f"4.2.7.1: where the feed itself is: {href!r}")
    return found


def _is_date(text: str | None) -> bool:
    """RFC 3339 with an upper-case T and an offset."""
    try:
        return "T" in (text or "") and datetime.fromisoformat(text or "").tzinfo is not None
    except ValueError:
        return False
