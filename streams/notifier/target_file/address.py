"""Addresses: secrets put in, checked by channel, and as people may see them."""

import re
from base64 import b64decode
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Final

from streams.notifier.channels.chat import APPRISE, check_apprise_url
from streams.notifier.target import SMTP, Target
from streams.outbound.urls import read_url
from streams.secret_files import read_secret

KEYED: Final = {
    "pagerduty": "https://events.pagerduty.com/v2/enqueue",
    "jsm": "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
}
"""Channels whose address may be a mere key, and where messages are sent then."""

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{8,256}", re.ASCII)
_MAIL: Final = re.compile(r"[\x21-\x7e]{1,64}@[\x21-\x7e]{1,255}", re.ASCII)
_LEAST_KEY: Final = 24  # by Standard Webhooks
_MOST_KEY: Final = 64


def filled(text: str, environment: Mapping[str, str]) -> str:
    """The text with each `${NAME}` replaced by what NAME holds, or else the file that NAME_FILE names.

    Raises:
        ValueError: there is nothing to put in; says what to set.
    """
    return _VARIABLE.sub(lambda match: _value(match[1], environment), text)


def check_address(target: Target) -> None:
    """Whether the address is one of its channel.

    Raises:
        ValueError: it is not; says what to write, and nothing of what is secret.
    """
    text = target.address
    if target.channel == SMTP:
        if not is_mail_address(text):
            raise ValueError("should be one mail address in ASCII letters, as oncall@example.com")
    elif target.channel == APPRISE:
        check_apprise_url(text)
    elif target.channel in KEYED and "://" not in text:
        if _KEY.fullmatch(text) is None:
            raise ValueError("should be the key of an integration, or its URL with the key in `secret`")
    else:
        try:
            read_url(text)
        except ValueError as problem:
            raise ValueError(f"is no URL that can be called: {problem}") from None
        if target.channel in KEYED and target.secret is None:
            raise ValueError("is a URL, so the key of the integration has to be in `secret`")


def check_secret(target: Target) -> None:
    """Whether the secret, if there is one, is of use to the channel.

    Raises:
        ValueError: it is not.
    """
    if target.secret is None:
        return
    if target.channel == "webhook":
        check_signing_secret(target.secret)
    elif target.channel != "alertmanager" and (target.channel not in KEYED or "://" not in target.address):
        raise ValueError("is of no use here; take it away")
    elif _KEY.fullmatch(target.secret) is None:
        raise ValueError("should be 8 to 256 visible characters")


def check_signing_secret(text: str) -> None:
    """Whether webhooks can be signed with it: one secret of Standard Webhooks, or several with spaces between.

    Raises:
        ValueError: they cannot.
    """
    for secret in text.split() or [""]:
        try:
            key = b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if not _LEAST_KEY <= len(key) <= _MOST_KEY:
            raise ValueError(
                f"should be whsec_ and base64 of {_LEAST_KEY} to {_MOST_KEY} bytes, as "
                "`echo whsec_$(openssl rand -base64 32)` makes it"
            )


def is_mail_address(text: str) -> bool:
    """Whether mail can be sent there."""
    try:
        return _MAIL.fullmatch(text) is not None and Address(addr_spec=text).addr_spec == text
    except (HeaderParseError, ValueError, IndexError):
        return False


def url_and_key(target: Target) -> tuple[str, str]:
    """Where an integration is, and its key."""
    return (KEYED[target.channel], target.address) if target.secret is None else (target.address, target.secret)


def shown(target: Target) -> str:
    """The address as people may see it: what opens a door is left out."""
    text = target.address
    if target.channel == SMTP:
        return text
    if target.channel == APPRISE:
        return f"{text.partition('://')[0]}://..."
    if "://" not in text:
        return f"key ...{text[-4:]}"
    url = read_url(text)
    return f"{url.scheme}://{url.authority}/{'...' if url.target != '/' else ''}"


def _value(name: str, environment: Mapping[str, str]) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"${{{name}}} is not the name of a variable: letters, digits and '_'")
    value = environment.get(name)
    if value:
        return value
    path = environment.get(f"{name}_FILE")
    if not path:
        raise ValueError(f"neither {name} nor {name}_FILE is set; the notifier's environment needs one of them")
    try:
        value = read_secret(Path(path))
    except ValueError as problem:
        raise ValueError(f"{name}_FILE={problem}") from None
    if not value:
        raise ValueError(f"{name}_FILE={path} is empty")
    return value
