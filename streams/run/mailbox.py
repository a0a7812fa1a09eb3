"""A mail server of this machine alone, which keeps what it gets: each mail is a file that any mail reader opens."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9]+")
_MOST_BYTES: Final = 32 * 1024 * 1024


class Mailbox:
    """Mails by the order in which they came: `0001-BREACH-charts-....eml`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._count = sum(1 for _ in folder.glob("*.eml"))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  the name that it has to have
        """Keep a mail."""
        self._count += 1
        subject = str(message_from_bytes(envelope.original_content, policy=policy.SMTP)["Subject"])
        name = _NOT_IN_NAMES.sub("-", subject).strip("-")[:80]
        (self._folder / f"{self._count:04}-{name}.eml").write_bytes(envelope.original_content)
        return "250 2.0.0 kept"


@asynccontextmanager
async def mailbox(folder: Path) -> AsyncIterator[str]:
    """A running one; its address as `SLO_SMTP_URL` takes it."""
    box = Mailbox(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, data_size_limit=_MOST_BYTES, hostname="localhost"), "127.0.0.1")
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
