"""The page for people and for feed readers."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET  # only written with, nothing is parsed

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from streams.status_page.shape import Shape, words

_ATOM = "http://www.w3.org/2005/Atom"


def html(documents: dict[str, dict[str, Any]]) -> bytes:
    """The page, of the documents of its API; whole without script, and without anything from elsewhere."""
    summary = documents["api/v2/summary.json"]
    incidents = documents["api/v2/incidents.json"]["incidents"]
    open_ids = {one["id"] for one in summary["incidents"]}
    text = (
        _environment()
        .get_template("page.html")
        .render(
            page=summary["page"],
            status=summary["status"],
            components=summary["components"],
            unresolved=summary["incidents"],
            maintenances=summary["scheduled_maintenances"],
            past=[one for one in incidents if one["id"] not in open_ids],
        )
    )
    return text.encode()


def atom(shape: Shape, documents: dict[str, dict[str, Any]]) -> bytes:
    """An entry for each incident, the latest first; its text is that of all its updates."""
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", f"urn:slo-streams:status:{shape.page_id}")
    _add(feed, "title", shape.page["name"])
    _add(feed, "updated", shape.page["updated_at"])
    if shape.page["url"]:
        ET.SubElement(feed, f"{{{_ATOM}}}link", rel="self", href=f"{shape.page['url']}/history.atom")
        ET.SubElement(feed, f"{{{_ATOM}}}link", rel="alternate", href=shape.page["url"])
    author = ET.SubElement(feed, f"{{{_ATOM}}}author")
    _add(author, "name", shape.page["name"])
    for one in documents["api/v2/incidents.json"]["incidents"]:
        entry = ET.SubElement(feed, f"{{{_ATOM}}}entry")
        _add(entry, "id", f"urn:slo-streams:incident:{one['id']}")
        _add(entry, "title", one["name"])
        _add(entry, "published", one["created_at"])
        _add(entry, "updated", one["updated_at"])
        ET.SubElement(entry, f"{{{_ATOM}}}link", rel="alternate", href=one["shortlink"])
        updates = [f"{update['display_at']} {update['status']}: {update['body']}" for update in one["incident_updates"]]
        _add(entry, "content", "\n\n".join(updates)).set("type", "text")
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}")
    child.text = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    return child


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["utc"] = _utc
    environment.filters["words"] = lambda text: words([text])
    return environment


def _utc(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
