"""`python -m tests.bench.mail_box FILE`: a mail server in a process of its own, that says its port and takes all mail.

Of each mail it writes a line to the file as it accepts it: when, in seconds since the epoch, and its Message-ID.
"""

import asyncio
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP

_MESSAGE_ID: Final = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


class Box:
    """What aiosmtpd asks."""

    def __init__(self, path: str) -> None:
        self._lines = Path(path).open("ab", buffering=0)  # noqa: SIM115  for as long as the process lives

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take it."""
        found = _MESSAGE_ID.search(envelope.original_content)
        self._lines.write(b"%f %s\n" % (time.time(), found[1] if found else b"?"))
        return "250 2.0.0 queued"


async def serve(path: str) -> None:
    """Until it is ended."""
    box = Box(path)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box, hostname="mail.test"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
