"""What may not work: the programme's capabilities with their tiers, as data, and those that our SLIs measure."""

from functools import lru_cache
from importlib.resources import files
from typing import Final

import yaml

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK
from streams.severity.severity import Tier

OF_METRIC: Final = {
    AVAILABILITY.id: "App code execution",
    IFRAME.id: "App UI",
    INSTALLATION.id: "App installation",
    WEBHOOK.id: "Product events",
}
"""Which capability an SLI tells of."""


@lru_cache(maxsize=1)
def capabilities() -> dict[str, Tier]:
    """Every capability by its name, with its tier."""
    text = files("streams.incidents").joinpath("capabilities.yaml").read_text(encoding="utf-8")
    return {name: Tier(tier) for tier, names in yaml.safe_load(text).items() for name in names}


def tier_of(capability: str | None) -> Tier | None:
    """The tier of a capability; None where none is named, or none of the programme's."""
    return None if capability is None else capabilities().get(capability)
