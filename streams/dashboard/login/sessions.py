"""Sessions of browsers: an opaque secret in a cookie, and a row that ends it whenever somebody says so."""

from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from streams.dashboard.login.secret import digest_of, new_secret
from streams.dashboard.viewer import Viewer
from streams.database.text import storable

Connection = psycopg.Connection[tuple[Any, ...]]

SESSION_S: Final = 8 * 3_600
LINK_S: Final = 24 * 3_600
_MOST_OF_BROWSER: Final = 300
_BEGIN: Final = """
insert into session (digest, name, is_platform, is_manager, partners, browser, form_token, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, now() + %s * interval '1 s')
"""
_FIND: Final = """
select name, is_platform, is_manager, partners, form_token from session where digest = %s and expires_at > now()
"""
_END: Final = "delete from session where digest = %s"
_FORGET: Final = "delete from session where expires_at <= now()"
_END_ALL: Final = "delete from session where name = %s"
_END_OTHERS: Final = "delete from session where name = %s and digest <> %s"
_END_NAMED: Final = """
delete from session where encode(digest, 'hex') = %(id)s and (%(name)s::text is null or name = %(name)s)
"""
_LIST: Final = """
select encode(digest, 'hex') as id, name, is_platform, partners, browser,
  (extract(epoch from created_at) * 1000)::bigint as created_ms,
  (extract(epoch from expires_at) * 1000)::bigint as expires_ms
from session where expires_at > now() and (%(name)s::text is null or name = %(name)s)
order by created_at desc limit 500
"""
_ADD_LINK: Final = "insert into login_link (digest, expires_at) values (%s, now() + %s * interval '1 s')"
_FORGET_LINKS: Final = "delete from login_link where expires_at <= now()"
_USE_LINK: Final = "delete from login_link where digest = %s returning expires_at > now()"


@dataclass(frozen=True, slots=True)
class Session:
    """Whose it is, and the token that goes with every form of it."""

    viewer: Viewer
    form_token: str


def begin_session(connection: Connection, viewer: Viewer, browser: str = "") -> str:
    """A new one; the secret for the cookie. Those that have ended by themselves are forgotten."""
    connection.execute(_FORGET)
    secret = new_secret()
    partners = sorted(viewer.partners or ())
    who = [digest_of(secret), viewer.name, viewer.is_platform, viewer.is_manager, partners]
    connection.execute(_BEGIN, [*who, storable(browser)[:_MOST_OF_BROWSER], new_secret(), SESSION_S])
    return secret


def find_session(connection: Connection, secret: str) -> Session | None:
    """The session of a cookie; None: there is none, or it has ended."""
    row = connection.execute(_FIND, [digest_of(secret)]).fetchone()
    if row is None:
        return None
    name, is_platform, is_manager, partners, form_token = row
    return Session(Viewer(name, None if is_platform else frozenset(partners), is_manager=is_manager), form_token)


def end_session(connection: Connection, secret: str) -> None:
    """End one."""
    connection.execute(_END, [digest_of(secret)])


def end_sessions_of(connection: Connection, name: str) -> int:
    """End all of one person; how many."""
    return connection.execute(_END_ALL, [name]).rowcount


def session_id_of(secret: str) -> str:
    """What names the session of a cookie to people. It opens nothing."""
    return digest_of(secret).hex()


def list_sessions(connection: Connection, name: str | None) -> list[dict[str, Any]]:
    """Those of one person, or of everybody, that have not ended; the newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_LIST, {"name": name}).fetchall()


def end_session_named(connection: Connection, session_id: str, name: str | None) -> bool:
    """End one, of this person unless that is None; whether there was one."""
    return connection.execute(_END_NAMED, {"id": session_id, "name": name}).rowcount > 0


def end_other_sessions(connection: Connection, name: str, secret: str) -> None:
    """End all of one person but the one of a cookie."""
    connection.execute(_END_OTHERS, [name, digest_of(secret)])


def add_link(connection: Connection) -> str:
    """The secret of a link that logs in once, as the platform, within a day; older ones are forgotten."""
    connection.execute(_FORGET_LINKS)
    secret = new_secret()
    connection.execute(_ADD_LINK, [digest_of(secret), LINK_S])
    return secret


def use_link(connection: Connection, secret: str) -> bool:
    """Whether the link was good; from now on it is not."""
    row = connection.execute(_USE_LINK, [digest_of(secret)]).fetchone()
    return row is not None and bool(row[0])
