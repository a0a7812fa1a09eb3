"""Tracing: every message of one story is in one trace, whoever sends it and however often. Pure.

Source: W3C Trace Context, https://www.w3.org/TR/trace-context/
"""

import hashlib


def trace_id(thread: str) -> str:
    """The trace of a thread, 32 hex digits."""
    return hashlib.sha256(thread.encode()).hexdigest()[:32]


def span_id(name: str) -> str:
    """The span of a message, a notification or a whole thread, 16 hex digits."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def traceparent(thread: str, message: str) -> str:
    """The trace of a thread, and the span of one message in it, derived from their ids."""
    return f"00-{trace_id(thread)}-{span_id(message)}-01"
