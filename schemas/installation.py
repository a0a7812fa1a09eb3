"""`slo.installations.v1`: who may publish results for which app, one record per installation.

Key: `clientKey`. Producer: `slo-streams installations add` and `remove`. Consumer: the HTTP gateway, which follows the
topic, so that a new secret holds as soon as the record is read, and the former one for as long as it says. Compacted:
the newest version of an installation is kept for ever, an empty value removes it.
"""

from typing import Annotated

from pydantic import Field

from schemas.fields import Text, UtcSeconds
from schemas.record import Record


class Installation(Record):
    """An app in one customer's product, and the secret both share; the secret is never stored in the clear."""

    client_key: Text
    """The installation; the issuer (`iss`) of its tokens."""
    app_key: Text
    """The app it may publish for, and no other."""
    product: Text
    """The product it is installed in: Jira, Confluence, ..."""
    secret: Annotated[str, Field(min_length=1, max_length=8_192)]
    """A Fernet token of the shared secret, bound to the three fields above."""
    former_secret: Annotated[str, Field(min_length=1, max_length=8_192)] | None = None
    """That of the secret before, in the same form, where it is still good for a time."""
    former_until: UtcSeconds | None = None
    """Until when."""
