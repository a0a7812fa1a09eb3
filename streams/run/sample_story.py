"""What happens in the sample feed: the apps, and the outages that make every metric breach and recover."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric

_VENDORS = ("com.acme", "io.brightlane", "com.northwind", "dev.kestrel", "com.lumina", "org.opencrate")
_PRODUCTS = ("charts", "checklists", "diagrams", "forms", "roadmap", "timesheets")

APP_KEYS: Final = tuple(f"{vendor}.{product}" for vendor in _VENDORS for product in _PRODUCTS)

APPS_WITH_OWN_EVENTS: Final = frozenset({"org.opencrate.charts", "dev.kestrel.forms"})
"""Apps that report iframe loads themselves; their own events then count instead of the host's."""


@dataclass(frozen=True, slots=True)
class Outage:
    """From minute `start_min` of the feed until `end_min`, `share` of the events of a stream get `fields`.

    `source` narrows an iframe outage to the host's or the app's own events.
    """

    metric: Metric
    app_key: str
    start_min: int
    end_min: int
    share: float
    fields: Mapping[str, object]
    source: str | None = None

    def covers(self, elapsed_ms: int) -> bool:
        """Whether an event that long after the start of the feed falls into the outage."""
        return self.start_min * 60_000 <= elapsed_ms < self.end_min * 60_000


_NO_ANSWER = {"statusCode": None, "durationInMillis": None}
_TIMEOUT = {**_NO_ANSWER, "error": "timeout: no answer"}
_DNS = {**_NO_ANSWER, "error": "dns: name or service not known"}
_TLS = {**_NO_ANSWER, "error": "tls: certificate has expired"}
_UNAVAILABLE = {"statusCode": 503, "faultOwner": "APP"}

HIT_BY_PLATFORM_FAULT: Final = (
    *(f"{vendor}.roadmap" for vendor in _VENDORS),
    *(f"{vendor}.{'diagrams' if vendor == 'com.northwind' else 'charts'}" for vendor in _VENDORS),
)
"""A dozen apps of all vendors, all in Jira, whose webhooks fail at once: the platform's fault, which nobody marked."""

# Beside the platform's fault no three apps of a vendor, and no apps of three vendors, fail within a quarter of an hour:
# that would be an incident, too.
OUTAGES: Final = (
    *(
        Outage(WEBHOOK, app_key, 93 + place % 4, 101, 0.7, {**_NO_ANSWER, "error": "connection reset"})
        for place, app_key in enumerate(HIT_BY_PLATFORM_FAULT)
    ),
    Outage(AVAILABILITY, "com.acme.charts", 25, 31, 1, {"statusCode": 500, "durationInMillis": 87.0}),
    Outage(AVAILABILITY, "io.brightlane.forms", 2, 6, 1, _TIMEOUT),
    Outage(AVAILABILITY, "com.northwind.roadmap", 60, 63, 1, {"statusCode": 200, "durationInMillis": 3_412.5}),
    Outage(AVAILABILITY, "com.lumina.checklists", 70, 72, 1, {"statusCode": 301, "durationInMillis": 41.0}),
    Outage(AVAILABILITY, "dev.kestrel.diagrams", 110, 120, 1, _DNS),  # still going on at the end
    Outage(IFRAME, "com.acme.timesheets", 12, 20, 0.6, {"bridgeInMillis": None}, source="HOST"),
    Outage(IFRAME, "com.lumina.charts", 68, 78, 0.6, {"bridgeInMillis": 14_250.0}, source="HOST"),
    Outage(IFRAME, "dev.kestrel.forms", 50, 58, 0.6, {"status": "FAIL", "durationInMillis": None}, source="APP"),
    # The host sees failures, the app itself reports success: no breach.
    Outage(IFRAME, "org.opencrate.charts", 30, 60, 0.8, {"bridgeInMillis": None}, source="HOST"),
    Outage(WEBHOOK, "io.brightlane.diagrams", 40, 46, 0.5, _UNAVAILABLE),
    Outage(WEBHOOK, "com.northwind.charts", 75, 80, 0.4, _TIMEOUT),
    # The platform's own fault is nobody's failure: no breach.
    Outage(WEBHOOK, "org.opencrate.forms", 20, 40, 0.9, {"statusCode": 502, "faultOwner": "PLATFORM"}),
    Outage(INSTALLATION, "com.acme.roadmap", 30, 40, 1, {"statusCode": 500, "faultOwner": "APP"}),
    Outage(INSTALLATION, "io.brightlane.checklists", 34, 44, 1, _TLS),  # stays breached: 24 h are not over
)

ROLL_OUT_APP: Final = "com.acme.roadmap"
ROLL_OUT_MIN: Final = (70, 90)
"""A bulk roll-out after its failed installations, large enough to lift this app back over 99 % of 24 h."""
