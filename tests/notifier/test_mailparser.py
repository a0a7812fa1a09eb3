"""Each golden mail as Node's mailparser reads it: word for word as Python's email does, hostile names included."""

import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.notifier.test_letter import GOLDEN, MAILS, body, read
from tests.npm import installed, needs_npm

READER = Path(__file__).parent / "mail_reader"

pytestmark = [needs_npm, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def read_by_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All golden mails by their names."""
    folder = installed(READER, tmp_path_factory.mktemp("mail-reader"))
    command = ["node", "read.mjs", *(str(GOLDEN / f"{name}.eml") for name in MAILS)]
    done = subprocess.run(command, cwd=folder, timeout=100, check=True, capture_output=True)
    return dict(zip(MAILS, orjson.loads(done.stdout), strict=True))


def headers_of(mail: EmailMessage) -> dict[str, str]:
    """What a program goes by; dates as a browser writes them."""
    headers = {name.lower(): str(value) for name, value in mail.items()}
    return headers | {"date": mail["Date"].datetime.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def in_words(headers: dict[str, Any]) -> dict[str, str]:
    """Those of mailparser, which takes some apart."""
    words = {name: value for name, value in headers.items() if isinstance(value, str)}
    for name in ("from", "to"):
        words[name] = ", ".join(f"{one['name']} <{one['address']}>".lstrip(" ") for one in headers[name]["value"])
    kind, parameters = headers["content-type"]["value"], headers["content-type"]["params"]
    return {
        **words,
        "to": words["to"].strip("<>"),
        "list-id": f"<{headers['list']['id']['name']}>",
        "content-type": "; ".join([kind, *(f'{name}="{value}"' for name, value in parameters.items())]),
    }


@pytest.mark.parametrize("name", MAILS)
def test_it_reads_what_python_reads(read_by_node: dict[str, dict[str, Any]], name: str) -> None:
    mail, found = read((GOLDEN / f"{name}.eml").read_bytes()), read_by_node[name]
    assert in_words(found["headers"]) == headers_of(mail)
    assert found["text"] == body(mail, "plain").replace("\r\n", "\n")
    assert found["html"] == body(mail, "html").replace("\r\n", "\n")
    files = [[part.get_filename(), part.get_content_type(), part.get_content()] for part in mail.iter_attachments()]
    assert found["files"] == [[*kind, content.decode()] for *kind, content in files]
