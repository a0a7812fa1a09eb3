"""The programme's capabilities with their tiers, as they are shipped."""

from streams.incidents.capabilities import OF_METRIC, capabilities, tier_of
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, WEBHOOK
from streams.severity.severity import Tier


def test_what_our_slis_tell_of_has_the_tier_of_the_programme() -> None:
    assert OF_METRIC.keys() == METRICS.keys()
    tiers = {metric: tier_of(capability) for metric, capability in OF_METRIC.items()}
    assert tiers == {
        AVAILABILITY.id: Tier.C1,
        IFRAME.id: Tier.C1,
        INSTALLATION.id: Tier.C2,
        WEBHOOK.id: Tier.C2,
    }


def test_each_tier_has_capabilities_and_none_has_two() -> None:
    assert set(capabilities().values()) == set(Tier)
    assert (tier_of("Hosted storage"), tier_of("Scheduled triggers"), tier_of("App logging")) == (*Tier,)
    assert (tier_of("Coffee"), tier_of(None)) == (None, None)
