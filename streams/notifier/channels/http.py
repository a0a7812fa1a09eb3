"""What all channels over HTTP share: how a message is posted, and what an answer means."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from streams.notifier.channel import Accepted, Message, Outcome, Permanent, Temporary, Unauthorised
from streams.notifier.notification import Notification
from streams.notifier.target import Target
from streams.outbound.post import Answer, NoAnswerError, Poster
from streams.outbound.reach import RefusedError

JSON: Final = {"Content-Type": "application/json"}
_LATER: Final = frozenset({408, 425, 429})
_OVERLOADED: Final = frozenset({429, 502, 503, 504})
_GONE: Final = Permanent("410: the receiver wants no more; take the target out of the file")
_SAID: Final = 200  # characters of an answer


@dataclass(frozen=True, slots=True)
class Request:
    """One POST."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class HttpChannel(ABC):
    """A channel whose messages are posted, each by itself. `public_url` is where people read on, if anywhere."""

    name: str
    at_once = 16
    most_listed = 500

    def __init__(self, posts: Poster, public_url: str | None = None) -> None:
        self._posts = posts
        self.public_url = public_url
        self._gone: set[str] = set()

    def pause_key(self, target: Target) -> str:
        """Every target has a server, or at least a key, of its own."""
        return f"{self.name} {target.id}"

    @abstractmethod
    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The message, with nothing secret in it."""

    @abstractmethod
    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """How it is posted at a time, with what is secret."""

    def accepted(self, answer: Answer) -> Accepted:
        """What is kept of an answer that says yes."""
        return Accepted()

    async def send(self, message: Message, target: Target) -> Outcome:
        """Post it once. Who has answered 410 is not called again, until the notifier is started anew."""
        if target.id in self._gone:
            return _GONE
        outcome = await self.post(self.request(message, target, datetime.now(UTC)))
        if outcome == _GONE:
            self._gone.add(target.id)
        return outcome

    async def post(self, request: Request) -> Outcome:
        """One attempt."""
        try:
            answer = await self._posts.post(request.url, request.body, request.headers)
        except RefusedError as problem:
            return Permanent(f"the address may not be called: {problem}")
        except NoAnswerError as problem:
            return Temporary(str(problem), is_theirs=True)
        return self.accepted(answer) if 200 <= answer.status < 300 else refusal(answer)

    async def close(self) -> None:
        """Let go of connections."""
        await self._posts.close()


def refusal(answer: Answer) -> Outcome:
    """What an answer means that is no yes. Source: RFC 9110, RFC 6585; 410 by Standard Webhooks."""
    status = answer.status
    why = f"{status} {' '.join(answer.text.split())[:_SAID]}".strip()
    if status in (401, 403):
        return Unauthorised(why)
    if status in _LATER or status >= 500:
        return Temporary(why, answer.retry_after_s, is_theirs=status in _OVERLOADED)
    if 300 <= status < 400:
        return Permanent(f"{why}: it redirects, which is not followed; write the address that it ends at")
    return _GONE if status == 410 else Permanent(why)
