"""Back-tests of a whole fleet: one at a time in the background, watched by whoever asked for it."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any, Final

from streams.dashboard.database import Database
from streams.dashboard.queries.backtest import Outcome, Rules, apps_to_judge, judge_apps
from streams.dashboard.viewer import Viewer
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError

log = logging.getLogger(__name__)

_KEPT: Final = 20
_APPS_A_LOOK: Final = 20
"""Judged in one transaction, of some 100 ms: nothing is held open for the length of a job."""


@dataclass(slots=True)
class Job:
    """A back-test under way or done. `apps` is how many there are, once that is known."""

    viewer: Viewer
    outcome: Outcome
    apps: int | None = None
    failure: str | None = None
    is_done: bool = False
    is_stopped: bool = False
    id: str = field(default_factory=lambda: token_urlsafe(12))

    def document(self) -> dict[str, Any]:
        """As the API gives it."""
        state = "RUNNING" if not self.is_done else "FAILED" if self.failure else "DONE"
        return {"state": state, **self.outcome.document(-1 if self.apps is None else self.apps)}


class Jobs:
    """The back-tests of a dashboard process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, viewer: Viewer, rules: Rules, days: int) -> Job:
        """Begin one; an earlier one of the same viewer ends.

        Raises:
            ProblemError: BUSY: another one's is under way.
        """
        job = Job(viewer, Outcome(days))
        with self._lock:
            for other in self._jobs.values():
                if not other.is_done and other.viewer == viewer:
                    other.is_stopped = True
                elif not other.is_done:
                    raise ProblemError(Problem.BUSY, retry_after_s=30)
            self._jobs[job.id] = job
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
        threading.Thread(target=self._run, args=(job, rules), name="backtest", daemon=True).start()
        return job

    def find(self, viewer: Viewer, job_id: str) -> Job:
        """One of this viewer's.

        Raises:
            ProblemError: NOT_FOUND.
        """
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.viewer != viewer:
            raise ProblemError(Problem.NOT_FOUND)
        return job

    def _run(self, job: Job, rules: Rules) -> None:
        try:
            with self._database.seen_by(job.viewer) as view:
                apps = apps_to_judge(view, None)
            job.apps = len(apps)
            for first in range(0, len(apps), _APPS_A_LOOK):
                if job.is_stopped:
                    job.failure = "another one was begun"
                    break
                self._judge(job, rules, apps[first : first + _APPS_A_LOOK])
        except Exception as problem:
            log.exception("a back-test failed")
            job.failure = str(problem)
        finally:
            job.is_done = True

    def _judge(self, job: Job, rules: Rules, apps: Sequence[str]) -> None:
        with self._database.seen_by(job.viewer) as view:
            judge_apps(view, self._settings, rules, apps, job.outcome)
