"""The live clock under faults: what it judges depends on when a record arrived, but some things hold all the same."""

from typing import Final

from tests.e2e.test_live_clock import WITHIN_SECONDS
from tests.faults.crashes import at_commit_steps
from tests.faults.scene import Scene
from tests.waiting import wait_for

__all__ = ["WITHIN_SECONDS"]

LATENESS_MS: Final = 1_000
_SETTLES_WITHIN_S: Final = 120


async def kills_and_silence(scene: Scene) -> int:
    """Workers end at commit steps while the clock judges; then nobody speaks, and every breach has to end."""
    injected = await at_commit_steps(scene)
    scene.traffic.end()

    async def is_settled() -> bool:
        latest: dict[tuple[str, str], str] = {}
        for alerts in (await scene.flow.alerts()).values():
            latest |= {(alert["appKey"], alert["scope"]): alert["type"] for alert in alerts}
        return bool(latest) and "BREACH" not in latest.values()

    await wait_for(is_settled, _SETTLES_WITHIN_S, "every breach to end in silence")
    return injected
