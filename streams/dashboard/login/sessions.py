"""Sessions of browsers: an opaque secret in a cookie, and a row that ends it whenever somebody says so."""

from dataclasses import dataclass
from typing import Any, Final

import psycopg

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
