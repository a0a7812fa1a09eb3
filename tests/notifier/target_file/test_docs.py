"""The examples of the documentation are files of targets."""

import re
from pathlib import Path

from streams.notifier.target_file import read_targets
from streams.notifier.target_file.entry import ChannelName

PAGE = Path(__file__).parents[3] / "infra" / "docs" / "pages" / "how-to" / "tell-your-team.md"
SECRETS = {
    "ACME_PAGERDUTY_KEY": "R0UT1NGK3Y0123456789012345678901",
    "CHARTS_SLACK_URL": "https://hooks.slack.com/services/T0/B0/XXXX",
    "ACME_SIGNING_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


def test_every_example_can_be_used(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "targets.yaml"
    file.write_text("".join(examples))
    assert [target.id for target in read_targets(file, SECRETS)] == [
        *("acme-oncall", "charts-team", "fleet", "on-duty", "acme-hook", "acme-oncall-eu"),
    ]


def test_every_channel_has_a_section() -> None:
    titles = " ".join(re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE)).lower()
    words = {ChannelName.SMTP: "mail", ChannelName.JSM: "jira service management"}
    assert all(words.get(channel, channel.value) in titles for channel in ChannelName)
