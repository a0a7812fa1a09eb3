"""API tokens: each has a name, and sees the apps of some partners or all of them.

It only reads, unless it was made to act, too: to appeal, to decide, to raise incidents, as if its name was a person's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from streams.dashboard.login.secret import digest_of, new_secret
from streams.dashboard.viewer import Viewer

Connection = psycopg.Connection[tuple[Any, ...]]

_PREFIX: Final = "slo_"
_ADD: Final = """
insert into api_token (name, digest, is_platform, partners, expires_at, may_act) values (%s, %s, %s, %s, %s, %s)
on conflict (name) do nothing
"""
_FIND: Final = """
select name, is_platform, partners, may_act from api_token
where digest = %s and revoked_at is null and (expires_at is null or expires_at > now())
"""
_LIST: Final = """
select name, is_platform, partners, may_act, created_at, expires_at, revoked_at,
  revoked_at is null and (expires_at is null or expires_at > now()) as holds,
  (extract(epoch from created_at) * 1000)::bigint as created_ms,
  (extract(epoch from expires_at) * 1000)::bigint as expires_ms
from api_token order by created_at, name
"""
_REVOKE: Final = "update api_token set revoked_at = now() where name = %s and revoked_at is null"


def add_token(
    connection: Connection,
    name: str,
    partners: Sequence[str] | None,
    expires_at: datetime | None,
    *,
    may_act: bool = False,
) -> str | None:
    """A new token, told this once, for the apps of these partners (None: all); None where the name is taken."""
    token = _PREFIX + new_secret()
    values = [name, digest_of(token), partners is None, list(partners or ()), expires_at, may_act]
    return token if connection.execute(_ADD, values).rowcount else None


def viewer_of_token(connection: Connection, token: str) -> Viewer | None:
    """Who holds it; None: it is none that holds."""
    row = connection.execute(_FIND, [digest_of(token)]).fetchone()
    return None if row is None else Viewer(row[0], None if row[1] else frozenset(row[2]), may_act=row[3])


def list_tokens(connection: Connection) -> list[dict[str, Any]]:
    """All that were ever given out, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_LIST).fetchall()


def revoke_token(connection: Connection, name: str) -> bool:
    """End it, from the next request on; whether there was one."""
    return connection.execute(_REVOKE, [name]).rowcount > 0
