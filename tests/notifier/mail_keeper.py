"""`python -m tests.notifier.mail_keeper FILE`: a mail server in a process of its own, that says its port and keeps all.

Of each mail it writes a line to the file as it accepts it, `Kept` as JSON.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiosmtpd.smtp import SMTP


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail: when it was accepted (monotonic, the same for all processes), who handed it over, and its bytes."""

    at_s: float
    by: str
    raw: str


def kept_in(file: Path) -> list[Kept]:
    """All, in the order in which they were accepted."""
    return [Kept(**orjson.loads(line)) for line in file.read_bytes().splitlines()]


class _Keeper:
    def __init__(self, path: str) -> None:
        self._lines = Path(path).open("ab", buffering=0)  # noqa: SIM115  for as long as the process lives

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        kept = Kept(time.monotonic(), envelope.mail_from, envelope.original_content.decode())
        self._lines.write(orjson.dumps(kept) + b"\n")
        return "250 2.0.0 kept"


async def serve(handler: object) -> None:
    """A server with a handler of aiosmtpd's, on a port of its own that it says; until the process is ended."""
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(handler, hostname="mail.test"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(_Keeper(sys.argv[1])))
