"""One target as the file has it: whom it stands for, what it is told of, and where that is sent."""

from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from streams.notifier.notification import Kind
from streams.notifier.target import Target
from streams.objectives.scalars import Name, Switch


class ChannelName(StrEnum):
    """How a message gets to a target."""

    SMTP = "smtp"
    WEBHOOK = "webhook"
    ALERTMANAGER = "alertmanager"
    PAGERDUTY = "pagerduty"
    JSM = "jsm"
    SLACK = "slack"
    TEAMS = "teams"
    APPRISE = "apprise"


MACHINES: Final = frozenset({ChannelName.WEBHOOK, ChannelName.ALERTMANAGER, ChannelName.PAGERDUTY, ChannelName.JSM})
"""Channels that end in a program, which wants each message by itself and never a digest."""


_KEYED: Final = MACHINES - {ChannelName.WEBHOOK}


class Role(StrEnum):
    """Who a target is for the platform."""

    OPERATORS = "operators"
    INCIDENT_MANAGER = "incident-manager"


EVENTS: Final = tuple(kind for kind in Kind if kind not in (Kind.DIGEST, Kind.TEST, Kind.OPERATORS))
"""What a target may ask for. A digest is of what it asked for, and operators are told by their role."""


def _lower(text: object) -> object:
    return text.lower() if isinstance(text, str) else text


def _event(text: object) -> object:
    upper = text.upper() if isinstance(text, str) else text
    if upper not in EVENTS:
        raise ValueError(f"should be one of {', '.join(EVENTS)}, not {text!r}")
    return upper


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is no time zone; write Europe/Berlin, America/New_York or UTC") from None
    return text


_Text = Annotated[str, Field(min_length=1, max_length=256)]
_Secret = Annotated[str, Field(min_length=1, max_length=2_048)]


class Entry(BaseModel):
    """A target. What is null is as if it were not there."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    id: Name
    """Its name: in lists, in what the notifier says of it, and for `slo-streams targets send-test`."""
    partner: _Text | None = None
    """It is told of all apps of this partner: the catalogue's `partnerId`, or its `partnerName` where an app has no
    id."""
    app: _Text | None = None
    """It is told of the app of this `appKey`."""
    all: Switch | None = None
    """`true`: it is told of every app. For the platform's own people."""
    channel: Annotated[ChannelName, BeforeValidator(_lower)]
    """How it is told."""
    address: _Secret = Field(repr=False)
    """Where: a mail address, a URL, or the key of an integration. `${NAME}` stands for what the variable NAME holds in
    the notifier's environment, or else the file that NAME_FILE names."""
    secret: _Secret | None = Field(None, repr=False)
    """What messages are signed with (`webhook`: `whsec_...`), a bearer token (`alertmanager`), or the key of an
    integration whose `address` is a URL (`pagerduty`, `jsm`). `${NAME}` as in `address`."""
    events: Annotated[list[Annotated[Kind, BeforeValidator(_event)]], Field(min_length=1, max_length=100)] | None = None
    """What it is told of; of everything unless some are named."""
    severities: Annotated[list[_Text], Field(min_length=1, max_length=100)] | None = None
    """Alerts of which severities, as the objectives name them (`page`, `ticket`); of all unless some are named."""
    role: Annotated[Role, BeforeValidator(_lower)] | None = None
    """It is also told of the notifier's own trouble (`operators`), or of faults of the platform (`incident-manager`).
    """
    machine: Switch | None = None
    """`true`: a program reads it, and gets each message by itself; `false`: people do, and get a digest when there are
    too many. By the channel unless given."""
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """The zone that times are shown in, beside UTC."""

    @model_validator(mode="after")
    def _stands_for_somebody(self) -> "Entry":
        named = sum((self.partner is not None, self.app is not None, bool(self.all)))
        if named > 1:
            raise ValueError("names more than one of partner, app and all; keep one, and write a target for each other")
        if not named and self.role is None:
            raise ValueError("names nobody: write partner, app, `all: true`, or a role")
        if self.channel is ChannelName.APPRISE and (self.partner is not None or self.app is not None):
            raise ValueError(
                "apprise calls whatever its address leads to, so it is for the platform's own people: write"
                " `all: true` or a role; partners have the other channels"
            )
        if self.machine is False and self.channel in _KEYED:
            raise ValueError(f"{self.channel} cannot take digests: it opens and closes one alert for each breach")
        return self

    def target(self) -> Target:
        """The target that it means. One that names nobody is told what is addressed to its role, and nothing else."""
        is_nobodys = self.partner is None and self.app is None and not self.all
        return Target(
            self.id,
            self.channel.value,
            self.address,
            self.partner,
            self.app,
            frozenset([Kind.OPERATORS] if is_nobodys else self.events or ()),
            frozenset(self.severities or ()),
            None if self.role is None else self.role.value,
            self.channel in MACHINES if self.machine is None else self.machine,
            self.timezone,
            None if self.secret is None else self.secret,
        )
