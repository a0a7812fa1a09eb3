"""Which record lies on which topic; topics are named without their prefix and version."""

from typing import Final

from pydantic import BaseModel

from schemas.alert import Alert
from schemas.apps import App
from schemas.exclusions import Exclusion
from schemas.healthcheck import HealthCheck
from schemas.heartbeat import Heartbeat
from schemas.iframe import IframeLoad
from schemas.incidents import Incident
from schemas.installation import Installation
from schemas.installation_callback import InstallationCallback
from schemas.record import Record
from schemas.rejected import RejectedHeaders
from schemas.standing import Standing
from schemas.synthetic import SyntheticResult
from schemas.used_tokens import UsedTokens
from schemas.webhook import WebhookDelivery

EVENTS: Final[dict[str, type[Record]]] = {
    "healthcheck": HealthCheck,
    "iframe": IframeLoad,
    "installation-callback": InstallationCallback,
    "webhook": WebhookDelivery,
}
"""What is judged."""

INPUTS: Final[dict[str, type[Record]]] = {**EVENTS, "apps": App, "exclusions": Exclusion}
"""Everything the evaluator reads."""

TOPICS: Final[dict[str, type[BaseModel]]] = {
    **INPUTS,
    "synthetic": SyntheticResult,
    "installations": Installation,
    "used-tokens": UsedTokens,
    "alerts": Alert,
    "rejected": RejectedHeaders,
    "heartbeat": Heartbeat,
    "incidents": Incident,
    "standing": Standing,
}
"""Everything with a schema; on `rejected` it describes the headers, the value being the original bytes."""
