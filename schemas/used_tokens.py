"""`slo.used-tokens.v1`: tokens of apps that a gateway is about to accept, so that no other one does.

Key: none. Producers and consumers: the HTTP gateways, each of which reads what all write; the first to claim a token
may accept it. All records lie on partition 0, whose order decides. Retention: an hour is plenty; a token is good for
six minutes at most.
"""

from typing import Annotated

from pydantic import Field

from schemas.fields import Text
from schemas.record import Record


class UsedTokens(Record):
    """Claims of one gateway."""

    gateway: Text
    """The process: a name that it made up at its start."""
    number: Annotated[int, Field(ge=1)]
    """Of its records, from 1."""
    tokens: Annotated[list[Text], Field(max_length=1_000)]
    """The signatures of the tokens."""
