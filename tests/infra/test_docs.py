"""The documentation: every link leads somewhere, every page is in the map, what is made from the code is current."""

import re
import tomllib
from pathlib import Path

import pytest

from infra.docs.reference import DIRECTORY, pages

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "infra" / "docs" / "pages"
TEXTS = [*sorted(PAGES.rglob("*.md")), *sorted(ROOT.glob("*.md"))]


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_map_of_the_site() -> None:
    nav = (ROOT / "infra" / "docs" / "zensical.toml").read_text()
    tomllib.loads(nav)
    assert {str(path.relative_to(PAGES)) for path in PAGES.rglob("*.md")} == set(re.findall(r'"([\w/-]+\.md)"', nav))


@pytest.mark.parametrize("name", pages())
def test_reference_pages_are_current(name: str) -> None:
    assert (DIRECTORY / name).read_text() == pages()[name], "run `make docs-reference` and commit the result"


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160
