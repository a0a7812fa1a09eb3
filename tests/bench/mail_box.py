"""`python -m tests.bench.mail_box FILE`: a mail server in a process of its own, that says its port and takes all mail.

Of each mail it writes a line to the file as it accepts it: when, in seconds since the epoch, and its Message-ID.
"""

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

from tests.notifier.mail_keeper import serve

_MESSAGE_ID: Final = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


class Box:
    """What aiosmtpd asks."""

    def __init__(self, path: str) -> None:
        self._lines = Path(path).open("ab", buffering=0)  # noqa: SIM115  for as long as the process lives

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, host: str, said: list[str]) -> list[str]:  # noqa: N802
        """Offer what the servers that people have offer, too."""
        session.host_name = host
        return [said[0], "250-PIPELINING", *said[1:]]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take it."""
        found = _MESSAGE_ID.search(envelope.original_content)
        self._lines.write(b"%f %s\n" % (time.time(), found[1] if found else b"?"))
        return "250 2.0.0 queued"


if __name__ == "__main__":
    asyncio.run(serve(Box(sys.argv[1])))
