"""What we ask brokers for: which requests, from which version on, and what for.

The versions that we know are those of aiokafka's own classes, so they are right after each upgrade of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest, DescribeGroupsRequest
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

STATIC: Final = "SLO_INSTANCE_ID"


@dataclass(frozen=True, slots=True)
class Need:
    """A request, the oldest version that will do, and what is not to be had without."""

    name: str
    request: Any
    oldest: int
    why: str

    @property
    def key(self) -> int:
        """Its number in Kafka's protocol."""
        return int(self.request.API_KEY)

    @property
    def known(self) -> range:
        """Versions that will do and that we can speak."""
        return range(self.oldest, max(one.API_VERSION for one in self.request._CLASSES) + 1)


_TRANSACTIONS: Final = "alerts exactly once"
NEEDS: Final = (
    Need("Metadata", MetadataRequest, 1, "to find topics and brokers"),
    Need("Produce", ProduceRequest, 3, "records with headers, in transactions"),
    Need("Fetch", FetchRequest, 4, "to read only what is committed"),
    Need("ListOffsets", OffsetRequest, 2, "to know up to where that is"),
    Need("FindCoordinator", FindCoordinatorRequest, 1, "transactions and groups"),
    Need("JoinGroup", JoinGroupRequest, 2, "several workers"),
    Need("SyncGroup", SyncGroupRequest, 1, "several workers"),
    Need("Heartbeat", HeartbeatRequest, 1, "several workers"),
    Need("LeaveGroup", LeaveGroupRequest, 1, "a quick hand-over"),
    Need("OffsetCommit", OffsetCommitRequest, 2, "probers and gateways in groups"),
    Need("OffsetFetch", OffsetFetchRequest, 1, "to go on where it was"),
    Need("InitProducerId", InitProducerIdRequest, 0, _TRANSACTIONS),
    Need("AddPartitionsToTxn", AddPartitionsToTxnRequest, 0, _TRANSACTIONS),
    Need("AddOffsetsToTxn", AddOffsetsToTxnRequest, 0, _TRANSACTIONS),
    Need("EndTxn", EndTxnRequest, 0, _TRANSACTIONS),
    Need("TxnOffsetCommit", TxnOffsetCommitRequest, 0, _TRANSACTIONS),
    Need("CreateTopics", CreateTopicsRequest, 1, "to create topics"),
    Need("DescribeConfigs", DescribeConfigsRequest, 0, "to check their settings"),
    Need("DescribeGroups", DescribeGroupsRequest, 0, "to see who is in a group"),
)
_STATIC_NEEDS: Final = (
    Need("JoinGroup", JoinGroupRequest, 5, STATIC),
    Need("SyncGroup", SyncGroupRequest, 3, STATIC),
)

Taken = Mapping[int, tuple[int, int]]
"""Number of a request -> the oldest and the newest version that a broker takes."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a broker does not take any more, or not yet; each in words."""

    too_old: Sequence[str]
    too_new: Sequence[str]


def gaps(taken: Taken, *, is_static: bool = False) -> Gaps:
    """Where a broker and we have no version in common. With an instance id more is needed."""
    too_old, too_new = [], []
    for need in (*NEEDS, *(_STATIC_NEEDS if is_static else ())):
        oldest, newest = taken.get(need.key, (0, -1))
        if newest < need.known.start:
            has = "does not know it" if newest < 0 else f"knows up to {newest}"
            too_old.append(f"{need.name} {need.known.start} ({need.why}; it {has})")
        elif oldest >= need.known.stop:
            too_new.append(f"{need.name} {need.known[-1]} (it takes {oldest} and newer)")
    return Gaps(too_old, too_new)
