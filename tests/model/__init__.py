"""The reference model: what the alerts of a log must be, by recounting every window from the raw records.

Written from the interface alone and sharing nothing with the engine but `Objective` and the public names, so that
the two can be held against each other. Slow on purpose: nothing is summed up, cached or expired.
"""

from tests.model.alert import Alert
from tests.model.judging import Judged, judge
from tests.model.placement import crc32_partition, murmur2_partition, put_right
from tests.model.record import Record

__all__ = ["Alert", "Judged", "Record", "crc32_partition", "judge", "murmur2_partition", "put_right"]
