"""How pages say what an incident is."""

from typing import Final

from streams.incidents.capabilities import capabilities
from streams.incidents.entry import Fault, PirStatus, Visibility
from streams.severity.severity import Kind, Level

STATES: Final = {
    "TRIAGE": ("bad", "Triage"),
    "INVESTIGATING": ("bad", "Investigating"),
    "IDENTIFIED": ("risk", "Identified"),
    "MONITORING": ("risk", "Monitoring"),
    "RESOLVED": ("good", "Resolved"),
    "PIR": ("good", "In review"),
    "CLOSED": ("none", "Closed"),
}
"""State -> colour and words."""
RAISED: Final = {
    "COMMON_CAUSE": "found: breaches of many began together",
    "PARTNER": "raised by a partner",
    "SUPPORT": "raised by support",
    "PLATFORM": "raised by the platform",
}
PATHS: Final = {
    "numbers": "users and apps that are hit",
    "capability": "the capability, as long as nobody knows how many are hit",
    "reports": "reports of partners",
    "decision": "a person's decision, which replaces the others",
}
TARGETS: Final = {"investigation": "Somebody investigates", "update": "The first status update is out"}
OUTCOMES: Final = {"PENDING": ("risk", "Due"), "MET": ("good", "Met"), "MISSED": ("bad", "Missed")}
VISIBILITIES: Final = (
    (Visibility.PARTNER, "partners of its apps"),
    (Visibility.ALL_PARTNERS, "all partners"),
    (Visibility.INTERNAL, "the platform alone"),
)
FAULTS: Final = (
    (Fault.UNKNOWN, "nobody knows yet"),
    (Fault.APP, "the app's"),
    (Fault.PLATFORM, "the platform's"),
    (Fault.THIRD_PARTY, "somebody else's"),
)
KINDS: Final = ((Kind.OUTAGE, "it is out"), (Kind.DEGRADATION, "it is worse than it should be"))
LEVELS: Final = ((Level.MAJOR, "major"), (Level.MINOR, "minor"))
CAPABILITIES: Final = tuple((name, f"{name} ({tier})") for name, tier in capabilities().items())
REVIEWS: Final = {
    PirStatus.DRAFT: ("risk", "Draft"),
    PirStatus.SUBMITTED: ("risk", "Submitted"),
    PirStatus.SIGNED_OFF: ("good", "Signed off"),
}
