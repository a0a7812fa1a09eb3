"""A web server that answers 200 to everything, at little cost: prints its port. With a certificate file, over TLS."""

import asyncio
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@contextmanager
def serving_in_a_process(certificate: Path | None = None) -> Iterator[str]:
    """Base URL of one that runs beside this process."""
    command = [sys.executable, "-m", "tests.bench.healthy_server", *([] if certificate is None else [str(certificate)])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http{'' if certificate is None else 's'}://localhost:{int(server.stdout.readline())}"
        finally:
            server.terminate()


async def _handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except (OSError, asyncio.IncompleteReadError):
        pass  # the caller has gone


async def main(certificate: str | None) -> None:
    """Serve until ended."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    server = await asyncio.start_server(_handle, sock=listener, ssl=tls)
    print(listener.getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
