"""The dashboard of the job: where it listens, and the link that opens it, once and without a password."""

import asyncio
import fcntl
import socket
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from streams.broker.jars import default_cache

_HOST: Final = "127.0.0.1"
_USUAL_PORT: Final = 8090
_LOOK_EVERY_S: Final = 0.1


def has_dashboard() -> bool:
    """Whether what it is made of is installed."""
    return all(find_spec(name) is not None for name in ("granian", "jinja2", "psycopg_pool", "authlib"))


@contextmanager
def dashboard_port() -> Iterator[int]:
    """The usual port, or a free one where somebody has that, or another job of this user means to.

    A job has the usual one from here on, not only once its dashboard listens: that takes seconds.
    """
    with ExitStack() as stack:
        yield _free_port(_USUAL_PORT if _is_first(stack) else 0)


def _is_first(stack: ExitStack) -> bool:
    """Whether no other job of this user has the usual port; none has it until the stack ends."""
    lock = default_cache().with_name(f"dashboard-{_USUAL_PORT}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        fcntl.flock(stack.enter_context(lock.open("w")), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def dashboard_environment(port: int, mails: Path | None) -> dict[str, str]:
    """Variables of a dashboard for whoever is at this machine, whatever the operator's own is set to."""
    return {
        "SLO_DASHBOARD_HOST": _HOST,
        "SLO_DASHBOARD_PORT": str(port),
        "SLO_DASHBOARD_TRUSTED_PROXIES": "",
        "SLO_PUBLIC_URL": "",
        **({} if mails is None else {"SLO_DASHBOARD_MAILBOX": str(mails)}),
    }


def dashboard_link(database_url: str, environment: Mapping[str, str]) -> str:
    """A new link to it, good for one login.

    Raises:
        psycopg.Error: the database is away.
    """
    import psycopg

    from streams.dashboard.login.routes import link_of
    from streams.dashboard.login.sessions import add_link
    from streams.dashboard.settings import DashboardSettings
    from streams.database.connection import conninfo
    from streams.database.roles import Role

    port = int(environment["SLO_DASHBOARD_PORT"])
    settings = DashboardSettings.model_construct(dashboard_host=_HOST, dashboard_port=port, public_url=None)
    with psycopg.connect(conninfo(database_url, Role.DESK, "slo-streams run")) as connection:
        return link_of(settings, add_link(connection))


async def until_it_listens(process: Process, environment: Mapping[str, str]) -> None:
    """Wait until a page can be opened, or the process has ended."""
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection(_HOST, int(environment["SLO_DASHBOARD_PORT"]))
        except OSError:
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            writer.close()
            return


def _free_port(wanted: int) -> int:
    """The port that is wanted, or a free one where somebody has that."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            try:
                listener.bind((_HOST, port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise OSError("this machine has no free port")
