"""Are fetched bytes checked in C? In Python it takes thousands of times as long, and nothing else would tell."""

from typing import Final

from aiokafka.record.util import calc_crc32c, calc_crc32c_py

from streams.doctor.finding import Finding, ok, problem, warning
from streams.kafka.chunked_records import HAS_FAST_CRC

_SUBJECT: Final = "checksums"
_IS_THEIRS_FAST: Final = calc_crc32c != calc_crc32c_py


def check_checksums(
    *, is_ours_fast: bool = HAS_FAST_CRC, is_theirs_fast: bool = calc_crc32c != calc_crc32c_py
) -> Finding:
    """Whether google-crc32c, or failing that aiokafka, has its C library here."""
    if not is_theirs_fast:
        said = "aiokafka runs without its C parts: everything it reads and writes is many times slower"
        return problem(_SUBJECT, said, "Install it from a wheel of this platform, or with a compiler at hand.")
    if not is_ours_fast:
        said = "google-crc32c runs without its C library; those of aiokafka stand in, at seven times the cost"
        return warning(_SUBJECT, said, "Install libstdc++6, which its wheel needs.")
    return ok(_SUBJECT, "in C, by the processor")
