"""A recorded log, without a broker: as lines in a file, and judged anew by the engine of the worker."""

from streams.replay.engine import Replay
from streams.replay.line import ReplayRecord, UnreadableLineError, read_line

__all__ = ["Replay", "ReplayRecord", "UnreadableLineError", "read_line"]
