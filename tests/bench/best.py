"""CPU time within this process: the best of some times, taken in turns, so that a busy machine counts for little."""

import gc
import time
from collections.abc import Callable, Sequence

from streams.memory import YOUNG_OBJECTS


def best_in_turns(measures: Sequence[Callable[[], float]], times: int) -> list[float]:
    """The least that each of some measures gives, with the cyclic collector as in a worker."""
    kept = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        rounds = [[measure() for measure in measures] for _ in range(times)]
    finally:
        gc.set_threshold(*kept)
    return [min(found) for found in zip(*rounds, strict=True)]


def cpu_s_of(run: Callable[[], object]) -> float:
    """CPU seconds that a call takes."""
    started_s = time.process_time()
    run()
    return time.process_time() - started_s
