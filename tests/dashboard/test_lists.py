"""Lists on pages: whoever goes on to the next page sees every row once, whatever came meanwhile."""

import re
from html import unescape

import psycopg
import pytest

from tests.dashboard.conftest import PLATFORM, Stage

MANY = 120
NEXT = re.compile(r'<a class="button" href="(\?[^"]*cursor=[^"]*)"')
STANDING = """
insert into slo.standing (app_key, stage, since_ms, reason, time_ms, episodes, steps)
select 'com.many.' || n, case n % 2 when 0 then 'REMEDIATION' else 'NOTIFIED' end, 1772449200000 + n / 10, 'BREACH',
  1772449200000, '[]', '[]' from generate_series({first}, {last}) n
"""
EXCLUSION = """
insert into slo.exclusion (part, "offset", id, known_ms, reason, start_ms, end_ms)
select 0, n, 'com.many.' || n, 1772449200000, 'PLATFORM_FAULT', 1772449200000 + n / 10, null
from generate_series({first}, {last}) n
"""


@pytest.mark.parametrize(("path", "insert"), [("/standing", STANDING), ("/exclusions", EXCLUSION)])
def test_a_list_is_read_to_its_end_while_rows_come(stage: Stage, path: str, insert: str) -> None:
    client, asked, pages = stage.as_(PLATFORM), path, []
    with psycopg.connect(stage.url, autocommit=True) as connection:
        connection.execute(insert.format(first=1, last=MANY).encode())
        while asked:
            text = client.get(asked).text
            pages.append(re.findall(r">(com\.many\.\d+)<", text))
            following = NEXT.search(text)
            asked = f"{path}{unescape(following[1])}" if following else ""
            if len(pages) == 1:  # the newest of the highest comes before all that was shown
                connection.execute(insert.format(first=MANY + 20, last=MANY + 20).encode())
    assert [len(page) for page in pages] == [50, 50, 20]
    assert {name for page in pages for name in page} == {f"com.many.{n}" for n in range(1, MANY + 1)}


def test_a_cursor_of_another_list_is_said_to_be_none(stage: Stage) -> None:
    for path in ("/standing", "/exclusions"):
        assert stage.as_(PLATFORM).get(f"{path}?cursor=x").status_code == 400
