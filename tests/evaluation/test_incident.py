"""Known ids, made without this code: `printf '[...]' | openssl dgst -sha256 -binary | head -c 8 | base64`, URL-safe."""

import pytest

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
