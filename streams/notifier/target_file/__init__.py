"""The file of targets: who is told of what beside the address that the catalogue has, and how."""

from streams.notifier.target_file.load import InvalidTargetsError, read_targets

__all__ = ["InvalidTargetsError", "read_targets"]
