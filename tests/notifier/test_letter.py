"""Mails to the letter: golden bytes of each kind, read back by Python's `email`; names that want to break out do not.

`UPDATE_GOLDEN=1` writes the golden files anew; look at the difference before it is committed.
"""

import os
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.notifier.mail.letter import AddressError, letter
from streams.notifier.notification import Kind, Notification, digest, notice
from streams.notifier.target import SMTP, Target, catalogue_target
from tests.notifier.office import SENDER, SRE, breach, recovery

GOLDEN = Path(__file__).parent / "golden"
AT_MS = 1_648_136_400_000  # 2022-03-24T15:40:00Z
NOW = datetime(2022, 3, 24, 15, 40, 12, tzinfo=UTC)
BREACH = breach(at_ms=AT_MS)
HOSTILE = {"name": "</script><b>&\r\nBcc: all@x.example\u202e\u2028'\"", "partnerName": "Zoë & Söhne 🏔"}


def told(kind: Kind, data: Any, time_ms: int = AT_MS) -> Notification:
    thread = BREACH["incidentId"]
    return Notification(f"{thread}-{kind.lower()}", kind, thread, time_ms, data, "com.acme.charts", "acme", "page")


MAILS = {
    "breach": told(Kind.BREACH, BREACH),
    "recovery": told(Kind.RECOVERY, recovery(BREACH), time_ms=AT_MS + 42 * 60_000),
    "no-data": told(
        Kind.RECOVERY,
        recovery(BREACH, sliValue=None, goodCount=0, badCount=0, reason="NO_DATA"),
        time_ms=AT_MS + 42 * 60_000,
    ),
    "reminder": told(Kind.REMINDER, BREACH, time_ms=AT_MS + 2 * 86_400_000),
    "digest": told(
        Kind.DIGEST,
        digest(
            [
                (Kind.BREACH, BREACH),
                (Kind.BREACH, breach("forms", at_ms=AT_MS)),
                (Kind.RECOVERY, recovery(BREACH)),
                (Kind.REMINDER, breach("maps", at_ms=AT_MS - 86_400_000)),
            ]
        ),
    ),
    "standing": told(
        Kind.STANDING,
        notice("Charts: remediation", ["Three episodes in 28 days."], {"stage": "REMEDIATION"}, "/standing/charts"),
    ),
    "operators": told(Kind.OPERATORS, notice("Nothing gets through by webhook", ["Look."], {"channel": "webhook"})),
    "hostile": told(Kind.BREACH, {**BREACH, "appDetails": HOSTILE}),
    "long": told(
        Kind.BREACH,
        {**BREACH, "scope": "https://" + "x" * 2_000, "appDetails": {"name": "n" * 256, "partnerName": None}},
    ),
}
TARGET = Target("sre", SMTP, SRE, timezone="Australia/Sydney")


def write(notification: Notification, target: Target = TARGET) -> bytes:
    return letter(notification, target, target.delivery_id(notification.id), SENDER, NOW)


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.SMTP)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    assert all(not part.defects for part in mail.walk())
    return mail


class Last(HTMLParser):
    """The last element of the body, and what stands in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tag, self.attributes, self.text = "", {}, ""  # type: tuple[str, dict[str, str | None], str]
        self.scripts = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag, self.attributes, self.text = tag, dict(attrs), ""
        self.scripts += tag == "script"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text += data


def body(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def check(notification: Notification, raw: bytes) -> None:
    """What every mail has to be."""
    mail = read(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert len(str(mail["Subject"])) <= 120
    assert mail["To"] == SRE
    assert mail["Bcc"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] is None
    assert mail["Message-ID"] == f"<{TARGET.delivery_id(notification.id)}@slo.example>"
    assert mail["References"] == f"<{TARGET.delivery_id(notification.thread)}@slo.example>"
    assert mail["List-Id"] == "<acme.slo-alerts.slo.example>"
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", str(mail["traceparent"]))
    html = body(mail, "html")
    assert html.isascii()
    assert raw.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)  # as it is handed over
    last = Last(html)
    files = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    data_id = "incident-data-list" if notification.kind is Kind.DIGEST else "incident-data"
    if notification.kind in (Kind.STANDING, Kind.OPERATORS):
        assert last.scripts == 0
        return
    assert (last.tag, last.attributes, last.scripts) == ("script", {"type": "application/json", "id": data_id}, 1)
    assert orjson.loads(last.text) == notification.for_programs
    assert not re.search(r"[<>&\u2028]", last.text)
    assert orjson.loads(files[f"{data_id}.json"]) == notification.for_programs
    if notification.kind is Kind.DIGEST:
        assert all(alert["incidentId"] in body(mail, "plain") for alert in notification.for_programs)
        return
    lines = body(mail, "plain").splitlines()
    for name, value in notification.data.items():
        if isinstance(value, (int, float)) or value is None:
            assert f"{name}: {orjson.dumps(value).decode()}" in lines
        else:
            assert sum(line.startswith((f"{name}: ", f"{name}.")) for line in lines) == (
                2 if name == "appDetails" else 1
            )


@pytest.mark.parametrize("name", MAILS)
def test_golden_bytes_of_each_kind(name: str) -> None:
    raw = write(MAILS[name])
    check(MAILS[name], raw)
    golden = GOLDEN / f"{name}.eml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(raw)
    assert raw == golden.read_bytes()


def test_the_data_stands_literally_in_the_raw_mail() -> None:
    assert b'<script type="application/json" id="incident-data">{"type":"BREACH","appKey"' in write(MAILS["breach"])
    assert b"Content-Transfer-Encoding: 7bit\r\n\r\n<!DOCTYPE html>" in write(MAILS["breach"])


def test_one_event_is_one() -> None:
    mail = read(write(told(Kind.BREACH, BREACH | {"goodCount": 0, "badCount": 1})))
    assert "0 good and 1 bad of 1 event in the 15 min" in body(mail, "plain")


def test_subjects() -> None:
    subjects = {name: str(read(write(mail))["Subject"]) for name, mail in MAILS.items()}
    metric = "Charts: Jira Webhook Delivery Success Rate"
    assert subjects["breach"] == f"[BREACH] {metric} 98.7 % < 99 %"
    assert subjects["recovery"] == f"[RECOVERY] {metric} 99.4 % >= 99 % (after 42 min)"
    assert subjects["no-data"] == f"[RECOVERY] {metric} no more events (after 42 min)"
    assert subjects["reminder"] == f"[STILL OPEN 2 d] {metric} 98.7 % < 99 %"
    assert subjects["digest"] == "[DIGEST] 2 breaches, 1 recovery, 1 still open, 3 apps"
    assert subjects["standing"] == "[STANDING] Charts: remediation"
    assert subjects["hostile"].startswith("[BREACH] </script><b>& Bcc: all@x.example '\": Jira Webhook")


@given(
    good=st.integers(0, 10**9), bad=st.integers(1, 10**6), slo=st.sampled_from([95.0, 99.0, 99.9, 99.95, 100.0, 85.6])
)
@example(good=9_896, bad=104, slo=99.0)
@example(good=999_999_999, bad=1, slo=100.0)
def test_no_figure_of_a_breach_reads_as_met(good: int, bad: int, slo: float) -> None:
    if Fraction(100 * good, good + bad) >= Fraction(str(slo)):
        return
    alert = breach(at_ms=AT_MS, good=good, bad=bad, sloValue=slo)
    subject = str(read(write(told(Kind.BREACH, alert)))["Subject"])
    shown, objective = re.findall(r"([0-9.]+) %", subject)
    assert Fraction(shown) < Fraction(objective)
    assert len(subject) <= 120


@settings(max_examples=40, deadline=None)
@given(name=st.text(min_size=1, max_size=256), partner=st.text(min_size=1, max_size=256), scope=st.text(max_size=2_048))
def test_whatever_names_are_the_mail_stays_whole(name: str, partner: str, scope: str) -> None:
    alert = {**BREACH, "appDetails": {"name": name, "partnerName": partner}, "scope": scope}
    mail = told(Kind.BREACH, alert)
    check(mail, write(mail))


def test_the_same_gives_the_same_bytes_and_another_target_other_ids() -> None:
    assert write(MAILS["breach"]) == write(MAILS["breach"])
    other = read(write(MAILS["breach"], catalogue_target(SRE)))
    assert other["Message-ID"] != read(write(MAILS["breach"]))["Message-ID"]


def test_only_what_follows_a_breach_is_an_answer_to_its_root() -> None:
    assert read(write(MAILS["breach"]))["In-Reply-To"] is None
    assert read(write(MAILS["recovery"]))["In-Reply-To"] == read(write(MAILS["breach"]))["References"]


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b, c@d.example", "a@b.example\r\nBcc: c@d.example", "ä@b.example", "<a@b.c>"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        write(MAILS["breach"], Target("x", SMTP, address))


def test_links_only_where_there_is_a_dashboard() -> None:
    sender = type(SENDER)(SENDER.display, SENDER.address)
    raw = letter(MAILS["breach"], TARGET, "x.y", sender, NOW)
    assert b"http" not in raw.replace(b"https://www.w3", b"")
    assert "https://slo.example/schemas/alerts.schema.json" in unescape(body(read(write(MAILS["breach"])), "html"))
