"""`slo-streams installations` as an operator uses it; no secret is ever shown."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.cli.app import app
from tests.gateway.process import KEY
from tests.gateway.signing import SECRET
from tests.kafka_fixture import Kafka

ENTRY = {"clientKey": "c-1", "appKey": "com.example.app", "product": "Jira", "sharedSecret": SECRET}


def run(*arguments: str, given: Any = None, **settings: str) -> Result:
    environment = {f"SLO_{name.upper()}": value for name, value in settings.items()}
    result = CliRunner().invoke(app, ["installations", *arguments], input=json.dumps(given), env=environment)
    assert SECRET not in result.output
    return result


def test_add_list_replace_remove(kafka: Kafka, topic_prefix: str) -> None:
    settings = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "topic_prefix": topic_prefix,
        "replication_factor": "1",
        "partitions": "2",
        "installation_keys": KEY,
    }
    missing = run("list", **settings)
    assert missing.exit_code == 1
    assert "slo-streams installations add" in missing.output
    weak = ENTRY | {"clientKey": "c-2", "sharedSecret": "short"}
    added = run("add", "-", given=[ENTRY, weak], **settings)
    assert added.exit_code == 0
    assert "Stored 2 installations." in added.output
    assert "Secrets under 32 bytes can be guessed: c-2" in added.output
    shown = run("list", **settings)
    assert shown.exit_code == 0
    assert "com.example.app" in shown.output
    callback = {"clientKey": "c-1", "key": "com.example.next", "productType": "confluence", "sharedSecret": SECRET}
    assert run("add", "-", given=callback, **settings).exit_code == 0
    assert run("remove", "c-2", **settings).exit_code == 0
    assert run("remove", "c-2", **settings).exit_code == 1
    rows = json.loads(run("list", "--json", **settings).stdout)
    assert rows == [{"clientKey": "c-1", "appKey": "com.example.next", "product": "Confluence", "closed": None}]
    other_key = run("list", "--json", **settings | {"installation_keys": "b" * 43 + "="})
    assert json.loads(other_key.stdout) == [
        {"clientKey": "c-1", "closed": "no key of SLO_INSTALLATION_KEYS fits its secret"}
    ]


@pytest.mark.parametrize(
    ("given", "keys", "said"),
    [
        (ENTRY, "", "SLO_INSTALLATION_KEYS is not set. `openssl rand -base64 32 | tr +/ -_` makes one"),
        (ENTRY | {"appKey": ""}, KEY, "entry 1: appKey: String should have at least 1 character"),
        (ENTRY, "nonsense", "SLO_INSTALLATION_KEYS: key 1 is none"),
    ],
)
def test_what_cannot_be_used_is_explained_and_nothing_is_stored(given: Any, keys: str, said: str) -> None:
    refused = run("add", "-", given=given, installation_keys=keys, bootstrap_servers="127.0.0.1:1")
    assert refused.exit_code == 2
    assert said in refused.output
    assert "nonsense" not in refused.output


@pytest.mark.parametrize("grace", ["soon", "8d"])
def test_a_grace_that_is_none_is_a_usage_error(grace: str) -> None:
    ended = run("add", "-", "--grace", grace, given=ENTRY, installation_keys=KEY)
    assert ended.exit_code == 2
    assert "--grace" in ended.output
