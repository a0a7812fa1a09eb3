"""What a running gateway consists of, and the one way its events go."""

import time
from collections.abc import Sequence
from itertools import compress

from streams.gateway.installations import Installations
from streams.gateway.metrics import GatewayMetrics
from streams.gateway.outbox import RETRY_AFTER_S, Outbox, OutboxBusyError, OutRecord
from streams.gateway.service_tokens import ServiceTokens
from streams.gateway.settings import GatewaySettings
from streams.gateway.used_tokens import TokenClaims
from streams.web.failures import FailureLimit
from streams.web.problem import Problem, ProblemError
from streams.web.rate import RateLimit


class Gateway:
    """The parts of one gateway process, as the endpoints use them."""

    def __init__(
        self, settings: GatewaySettings, installations: Installations, outbox: Outbox, tokens: TokenClaims
    ) -> None:
        self.topics = settings.topics
        self.installations = installations
        self.outbox = outbox
        self.tokens = tokens
        self.rate = RateLimit(settings.gateway_rate, settings.gateway_burst, time.monotonic)
        self.failures = FailureLimit(settings.gateway_failures, settings.gateway_failures, time.monotonic)
        self.proxies = settings.gateway_proxies
        self.services = ServiceTokens(settings.read_service_tokens())
        self.metrics = GatewayMetrics(lambda: outbox.waiting_bytes, lambda: len(installations))

    @property
    def is_stuck(self) -> bool:
        """Whether the brokers have left something unanswered for too long."""
        return self.outbox.is_stuck or self.tokens.is_stuck

    def now_ms(self) -> int:
        """The gateway's clock, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    async def send(self, producer: str, records: Sequence[OutRecord]) -> list[bool]:
        """Send records; for each, whether all replicas are known to have it.

        Raises:
            ProblemError: BUSY; nothing was taken.
        """
        if not records:
            return []
        if self.is_stuck:
            raise ProblemError(Problem.BUSY, retry_after_s=RETRY_AFTER_S)
        started_s = time.monotonic()
        try:
            confirmed = await self.outbox.send(records)
        except OutboxBusyError:
            raise ProblemError(Problem.BUSY, retry_after_s=RETRY_AFTER_S) from None
        took_s = time.monotonic() - started_s
        self.metrics.sent(producer, compress(records, confirmed), took_s)
        return confirmed
