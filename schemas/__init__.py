"""The records on the topics: the public contract with producers and consumers, one file per topic.

The models are the source of everything else: `schemas/json/` has their JSON Schemas (`python -m schemas` writes them),
`schemas.wire` the fast decoders, `schemas/examples/` records worth knowing, each of them a test.
"""

from schemas.alert import Alert, AppDetails
from schemas.apps import App
from schemas.complaint import complaint
from schemas.event_time import epoch_ms
from schemas.exclusions import Exclusion
from schemas.fields import PROD
from schemas.healthcheck import HealthCheck
from schemas.heartbeat import Heartbeat
from schemas.iframe import IframeLoad
from schemas.incidents import Incident
from schemas.installation import Installation
from schemas.installation_callback import InstallationCallback
from schemas.rejected import RejectedHeaders, RejectReason
from schemas.synthetic import SyntheticResult
from schemas.topics import EVENTS, INPUTS, TOPICS
from schemas.webhook import WebhookDelivery

__all__ = [
    "EVENTS",
    "INPUTS",
    "PROD",
    "TOPICS",
    "Alert",
    "App",
    "AppDetails",
    "Exclusion",
    "HealthCheck",
    "Heartbeat",
    "IframeLoad",
    "Incident",
    "Installation",
    "InstallationCallback",
    "RejectReason",
    "RejectedHeaders",
    "SyntheticResult",
    "WebhookDelivery",
    "complaint",
    "epoch_ms",
]
