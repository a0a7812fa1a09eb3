"""A worker for a process whose clock is wrong by libfaketime: `python -m tests.faults.wrong_clock worker`.

Python's own sleep goes by a moment of the monotonic clock, from which the library takes the fault of the wall clock.
"""

import select
import time

from streams.cli import main

if __name__ == "__main__":
    time.sleep = lambda for_s: select.select([], [], [], float(for_s)) and None
    main()
