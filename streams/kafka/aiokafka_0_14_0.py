"""What is replaced in aiokafka 0.14.0, all of it, and why. The version is pinned.

Nothing is replaced by an import: `install` is called by what runs a process of ours, never by the client that other
programs use.
"""

import logging
from typing import Final

from aiokafka import conn
from aiokafka.consumer import consumer, fetcher

from streams.kafka.chunked_records import ChunkedRecords
from streams.kafka.fetching import NotedFetcher
from streams.kafka.header_names import FetchedBatches
from streams.kafka.membership import Coordinator

READER_LIMIT: Final = 16 * 1024 * 1024
"""Bytes that may wait to be read of one connection.

asyncio stops listening where twice as much waits, and starts again, which is dear: by default with every 128 KiB of a
fetched response.
"""


def install() -> None:
    """Replace them in this process; once is enough, more does no harm."""
    fetcher.MemoryRecords = FetchedBatches  # tells the bytes of a batch, so that it can be read again
    fetcher.PartitionRecords = ChunkedRecords  # whole chunks where asked for; header names that are no text elsewhere
    consumer.Fetcher = NotedFetcher  # a fetch that is never answered is noticed
    consumer.GroupCoordinator = Coordinator  # nothing that ends it goes unheard
    conn.READER_LIMIT = READER_LIMIT
    # At DEBUG it logs every request byte for byte: with SASL PLAIN the password itself.
    logging.getLogger("aiokafka.conn").addFilter(_is_no_request)


def _is_no_request(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG
