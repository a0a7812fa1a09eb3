"""Files of targets as people write them: what they mean, and every refusal with its line and no secret."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.notifier.notification import Kind
from streams.notifier.target import Target
from streams.notifier.target_file import InvalidTargetsError, read_targets
from streams.notifier.target_file.address import filled, shown

GOOD = """\
- id: acme-oncall
  partner: acme
  channel: pagerduty
  address: ${ACME_KEY}
  severities: [page]
- id: charts-mail
  app: com.acme.charts
  channel: smtp
  address: charts@acme.example
  events: [breach, RECOVERY]
  timezone: Europe/Berlin
- {id: everything, all: true, channel: Webhook, address: "https://ops.example/hook?k=1", secret: "${SIGN}"}
- {id: on-duty, role: operators, channel: slack, address: "https://hooks.slack.example/services/T0/B0/XXXX"}
"""
SIGN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENVIRONMENT = {"ACME_KEY": "R0UT1NGK3Y0123456789012345678901", "SIGN": SIGN}


def read(tmp_path: Path, text: str | bytes, environment: Mapping[str, str] = ENVIRONMENT) -> list[Target]:
    file = tmp_path / "targets.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_targets(file, environment)


def refusal(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InvalidTargetsError) as refused:
        read(tmp_path, text)
    return str(refused.value).replace(str(tmp_path / "targets.yaml"), "").splitlines()


def test_what_is_written_is_what_is_meant(tmp_path: Path) -> None:
    oncall, mail, everything, on_duty = read(tmp_path, GOOD)
    key = ENVIRONMENT["ACME_KEY"]
    assert oncall == Target(
        "acme-oncall", "pagerduty", key, partner="acme", severities=frozenset({"page"}), machine=True
    )
    assert (mail.app, mail.events, mail.machine) == ("com.acme.charts", frozenset((Kind.BREACH, Kind.RECOVERY)), False)
    assert mail.timezone == "Europe/Berlin"
    assert (everything.partner, everything.app, everything.events) == (None, None, frozenset())
    assert (everything.channel, everything.secret, everything.machine) == (
        "webhook",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        True,
    )
    assert (on_duty.role, on_duty.events, on_duty.machine) == ("operators", frozenset((Kind.OPERATORS,)), False)


def test_the_list_may_stand_under_a_name_and_be_json(tmp_path: Path) -> None:
    listed = read(tmp_path, GOOD)
    assert read(tmp_path, "targets:\n" + "".join(f"  {line}\n" for line in GOOD.splitlines())) == listed
    json = '[{"id": "a", "all": true, "channel": "smtp", "address": "a@b.example", "machine": true, "partner": null}]'
    (one,) = read(tmp_path, json)
    assert (one.id, one.machine) == ("a", True)


def test_no_secret_shows(tmp_path: Path) -> None:
    targets = read(tmp_path, GOOD)
    said = f"{targets} {[shown(target) for target in targets]}"
    assert not any(secret in said for secret in (*ENVIRONMENT.values(), SIGN[6:], "XXXX", "k=1"))
    assert [shown(target) for target in targets] == [
        "key ...8901",
        "charts@acme.example",
        "https://ops.example/...",
        "https://hooks.slack.example/...",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("  partner: acme\n", "", ":1: names nobody: write partner, app, `all: true`, or a role"),
        ("  partner: acme\n", "  partner: acme\n  all: true\n", ":1: names more than one of partner, app and all;"),
        ("channel: pagerduty", "channel: opsgenie", ":3: channel: should be 'smtp', 'webhook', 'alertmanager',"),
        ("id: charts-mail", "id: acme-oncall", ":6: id: 'acme-oncall' is the id of a target above, too"),
        ("id: charts-mail", "id: charts mail", ":6: id: 'charts mail' is not a name"),
        ("[breach, RECOVERY]", "[breach, opened]", ":10: events[1]: should be one of BREACH, RECOVERY, REMINDER,"),
        ("[breach, RECOVERY]", "breach", ":10: events: should be a list"),
        ("[breach, RECOVERY]", "[]", ":10: events: should have an entry"),
        ("Europe/Berlin", "CEST+1", ":11: timezone: 'CEST+1' is no time zone; write"),
        ("Europe/Berlin", "../../etc/passwd", ":11: timezone: '../../etc/passwd' is no time zone"),
        ("timezone", "time_zone", ":11: time_zone: 'time_zone' is no field of a target; it can have id, partner,"),
        ("charts@acme.example", "Charts <charts@acme.example>", ":9: address: should be one mail address"),
        ("charts@acme.example", '"a@b.example\\r\\nBcc: x@y.example"', ":9: address: should be one mail address"),
        ("charts@acme.example", "a@b.example,c@d.example", ":9: address: should be one mail address"),
        ("https://ops.example/hook?k=1", "ops.example/hook", ":12: address: is no URL that can be called"),
        ("https://ops.example/hook?k=1", "https://u:p4ss@ops.example/", ":12: address: is no URL that can be called"),
        ("${ACME_KEY}", "short", ":4: address: should be the key of an integration, or its URL with the key"),
        ("${ACME_KEY}", "https://events.eu.example/v2", ":4: address: is a URL, so the key of the integration has"),
        ("${ACME_KEY}", "${OTHER_KEY}", ":4: address: neither OTHER_KEY nor OTHER_KEY_FILE is set"),
        ("${ACME_KEY}", "${other-key}", ":4: address: ${other-key} is not the name of a variable"),
        ("${SIGN}", "whsec_c2hvcnQ=", ":12: secret: should be whsec_ and base64 of 24"),
        ("timezone: Europe/Berlin", "secret: hunter22", ":11: secret: is of no use here; take it away"),
        ("all: true", "all: maybe", ":12: all: should be true or false, not 'maybe'"),
        ("role: operators", "role: admin", ":13: role: should be 'operators' or 'incident-manager'"),
        ("[page]", f"[{'x' * 300}]", ":5: severities[0]: should have at most 256 characters"),
        ("- id: acme-oncall", "- id: [acme-oncall]", ":1: id: should be text"),
    ],
)
def test_one_mistake_is_one_problem_at_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    (said,) = refusal(tmp_path, GOOD.replace(old, new))
    assert said.startswith(problem)
    assert "p4ss" not in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ":1: is empty; write at least one target"),
        ("- just text\n", ":1: should be a mapping with id, channel, address and whom it is for"),
        ("targets: nobody\n", ":1: targets: 'targets' is no field of a target"),
        ("- {id: a, all: true, channel: smtp}\n", ":1: address: is required"),
        (b"\xff", ":1: is not UTF-8 text"),
        ("- {id: a, id: b}\n", ":1: id: is given twice; keep one"),
        (b"- " + b"x" * 1_000_001, ": is larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_file_of_targets_says_so(tmp_path: Path, text: str | bytes, problem: str) -> None:
    assert any(said.startswith(problem) for said in refusal(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidTargetsError, match=r"nowhere\.yaml: cannot be read \(No such file or directory\)"):
        read_targets(tmp_path / "nowhere.yaml")


def test_secrets_come_from_variables_or_from_files(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("from-a-file\n")
    assert filled("https://x.example/${TOKEN}", {"TOKEN": "t0"}) == "https://x.example/t0"
    assert filled("${KEY}-${KEY}", {"KEY_FILE": str(key)}) == "from-a-file-from-a-file"
    assert filled("${KEY}", {"KEY": "first", "KEY_FILE": str(key)}) == "first"
    key.write_text(" \n")
    for environment in ({"KEY_FILE": str(key)}, {"KEY_FILE": str(tmp_path)}, {"KEY": ""}):
        with pytest.raises(ValueError, match="KEY"):
            filled("${KEY}", environment)


def test_a_url_with_its_key_beside(tmp_path: Path) -> None:
    (one,) = read(
        tmp_path,
        "- {id: eu, all: true, channel: pagerduty, address: 'https://events.eu.example/v2', secret: '0123456789'}",
    )
    assert shown(one) == "https://events.eu.example/..."


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.sampled_from(list("\"'[]{}:,-#&*!|>%@` \n\t\0\x7fé")))))
def test_whatever_is_written_is_read_or_refused(tmp_path: Path, edits: list[tuple[int, str]]) -> None:
    text = GOOD
    for at, character in edits:
        text = text[:at] + character + text[at + 1 :]
    try:
        targets = read(tmp_path, text)
    except InvalidTargetsError as refused:
        assert refused.problems  # noqa: PT017 - either is right
    else:
        assert all(target.address for target in targets)
