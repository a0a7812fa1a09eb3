"""Ports, and whether a Kafka broker answers behind one."""

import socket
import struct
from typing import Final

from streams.broker.properties import HOST

_METADATA: Final = 3
_TIMEOUT_S: Final = 2.0


def free_port() -> int:
    """A port nothing listens on right now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether another program listens on this port."""
    with socket.socket() as listener:
        # As Java's server sockets: a port in TIME_WAIT, after a restart, is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return True
        return False


def answers(port: int, rack: str | None = None) -> bool:
    """Whether a broker at this port answers a Metadata request and names a live broker, in that rack if one is given.

    An open port is not enough: it accepts connections before the broker has joined its cluster.
    Source: Kafka protocol guide, Metadata request and response, version 1.
    """
    client_id = b"slo-streams"
    no_topics = struct.pack(">i", 0)
    request = struct.pack(">hhih", _METADATA, 1, 0, len(client_id)) + client_id + no_topics
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            _size, _correlation_id, brokers = struct.unpack(">iii", _read(connection, 12))
            racks = [_rack_of_next_broker(connection) for _ in range(brokers)]
    except OSError:
        return False
    return bool(racks) and rack in (None, *racks)


def _rack_of_next_broker(connection: socket.socket) -> str | None:
    _node = _read(connection, 4)
    _host = _text(connection)
    _port = _read(connection, 4)
    return _text(connection)


def _text(connection: socket.socket) -> str | None:
    (size,) = struct.unpack(">h", _read(connection, 2))
    return None if size < 0 else _read(connection, size).decode()


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("closed before the answer was complete")
        data += chunk
    return data
