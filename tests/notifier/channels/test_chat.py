"""The channel `apprise`, by its own library to a server on this machine; and a file of targets without that library."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from streams.notifier.channel import Accepted, Outcome, Temporary
from streams.notifier.channels import chat
from streams.notifier.channels.chat import MISSING, ChatChannel
from streams.notifier.notification import Notification
from streams.notifier.target import Target
from streams.notifier.target_file import InvalidTargetsError, read_targets
from streams.notifier.target_file.address import shown
from tests.notifier.alerts import BREACH, RECOVERY, digest, incident, reminder, standing, told
from tests.notifier.channels.receivers import NOW, Receiver
from tests.prober.servers import serving

HOSTILE = "</script><b>*x*</b> @everyone\r\n\u202egnp"


class Chat(Receiver):
    """Takes what apprise posts to `json://`; by the path it says no."""

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        assert orjson.loads(body)["version"] == "1.0"
        return web.Response(status=503 if request.path == "/away" else 200)


def deliver(receiver: Receiver, path: str, all_told: Sequence[Notification]) -> list[Outcome]:
    async def main() -> list[Outcome]:
        async with serving(receiver.handle) as url:
            target = Target("t", "apprise", url.replace("http://", "json://") + path)
            channel = ChatChannel("https://slo.example")
            messages = [channel.render(one, target, target.delivery_id(one.id), NOW) for one in all_told]
            return [await channel.send(message, target) for message in messages for _ in range(2)]

    return asyncio.run(main())


def test_whatever_is_told_arrives_and_a_second_copy_is_the_same() -> None:
    receiver = Chat()
    notices = [standing(), incident("TRIAGE"), digest(BREACH, RECOVERY), told(appKey=HOSTILE)]
    everything = [told(), told(RECOVERY), reminder(1), *notices]
    assert set(map(type, deliver(receiver, "/hook", everything))) == {Accepted}
    assert receiver.bodies[::2] == receiver.bodies[1::2]
    breach, recovery, *_ = map(orjson.loads, receiver.bodies[::2])
    assert (breach["type"], recovery["type"]) == ("failure", "success")
    assert breach["title"].startswith("[BREACH]")
    assert "appKey: " in breach["message"]
    assert "https://slo.example/" in breach["message"]


def test_what_is_not_taken_is_tried_again_later() -> None:
    (outcome, _) = deliver(Chat(), "/away", [told()])
    assert isinstance(outcome, Temporary)
    assert "503" in outcome.why


def file(folder: Path, line: str) -> Path:
    path = folder / "targets.yaml"
    path.write_text(line)
    return path


def test_a_target_of_the_platform_is_read_and_shown_without_what_is_secret(tmp_path: Path) -> None:
    written = file(tmp_path, "{id: chat, all: true, channel: apprise, address: 'ntfys://token@ntfy.example/alerts'}")
    (target,) = read_targets(written)
    assert shown(target) == "ntfys://..."
    assert not target.machine


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{id: a, partner: acme, channel: apprise, address: 'ntfys://x.example/y'}", "for the platform's own people"),
        ("{id: a, app: com.x, channel: apprise, address: 'ntfys://x.example/y'}", "for the platform's own people"),
        ("{id: a, all: true, channel: apprise, address: 'nonsense://x.example/y'}", "no URL that apprise knows"),
        ("{id: a, all: true, channel: apprise, address: 'mailto://u:p@x.example'}", "a channel of its own: smtp"),
        ("{id: a, all: true, channel: apprise, address: 'ntfys://x.example/y', secret: 12345678}", "of no use here"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InvalidTargetsError) as problem:
        read_targets(file(tmp_path, line))
    assert said in str(problem.value)
    assert "x.example" not in str(problem.value)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "find_spec", lambda _name: None)
    with pytest.raises(InvalidTargetsError, match=r"pip install 'slo-streams\[chat\]'"):
        read_targets(file(tmp_path, "{id: a, all: true, channel: apprise, address: 'ntfys://x.example/y'}"))
    assert deliver(Chat(), "/hook", [told()])[0] == Temporary(MISSING)
