"""The catalogue of the job: the apps of the sample feed, and the demo apps with the URLs they have this time."""

from collections.abc import Iterable

from schemas.apps import App
from streams.prober.targets import HealthTarget
from streams.run.demo_apps import FLAKY_APP, STEADY_APP
from streams.run.sample_story import APP_KEYS

_DEMO_NAMES = {STEADY_APP: "Steady", FLAKY_APP: "Flaky"}


def demo_catalogue(targets: Iterable[HealthTarget]) -> list[App]:
    """All apps that are seen; the sample ones are not probed, as their hosts do not exist."""
    urls = {target.app_key: [target.url] for target in targets}
    return [
        *(_app(key, key.rpartition(".")[2].title(), key.split(".")[1].title(), []) for key in APP_KEYS),
        *(_app(key, name, "Example", urls[key]) for key, name in _DEMO_NAMES.items()),
    ]


def _app(app_key: str, name: str, partner: str, urls: list[str]) -> App:
    return App.model_validate(
        {
            "appKey": app_key,
            "name": name,
            "partnerName": partner,
            "partnerId": partner.lower(),
            "email": f"sre@{partner.lower()}.example",
            "healthcheckUrls": urls,
            "excludedClientKeys": [],
        }
    )
