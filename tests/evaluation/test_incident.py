"""Known ids, made without this code: `printf '[...]' | openssl dgst -sha256 -binary | head -c 8 | base64`, URL-safe."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.incident import incident_id

INSTALLATION = ("com.example.appkey", "installation-callback-success-rate", "Jira", "installation-callback-24h")


@pytest.mark.parametrize(
    ("parts", "breached_at_ms", "known"),
    [
        pytest.param(INSTALLATION, 1_648_136_400_000, "fNrYLMgXlmU", id="ordinary"),
        pytest.param(("tâche", "m", "é", "o"), 1, "bLDd4LnLr_M", id="UTF-8, not escaped"),
    ],
)
def test_known_id(parts: tuple[str, str, str, str], breached_at_ms: int, known: str) -> None:
    assert incident_id(*parts, breached_at_ms) == known


@given(st.tuples(st.text(), st.text(), st.text(), st.text()), st.integers(0, 2**53))
def test_any_names_are_written_as_every_json_library_writes_them(
    parts: tuple[str, str, str, str], breached_at_ms: int
) -> None:
    name = json.dumps([*parts, breached_at_ms], separators=(",", ":"), ensure_ascii=False).encode()
    first_bytes = hashlib.sha256(name).digest()[:8]
    assert incident_id(*parts, breached_at_ms) == base64.urlsafe_b64encode(first_bytes).decode().rstrip("=")
