"""Back-tests, each of which takes a whole core: at a time one of a sample, while somebody waits, and one of a whole
fleet in the background, watched by whoever asked for it.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from secrets import token_urlsafe
from typing import Any, Final

from fastapi import Request

from streams.dashboard.database import Database, View
from streams.dashboard.queries.backtest import Outcome, Rules, apps_to_judge, judge_apps
from streams.dashboard.viewer import Viewer
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError

log = logging.getLogger(__name__)

MOST_FIRINGS: Final = 100_000
"""Of both sets of rules: what came so far stays, and the rest of the fleet is left out."""
_KEPT: Final = 20
MOST_S: Final = 5.0
"""How long somebody waits for a sample; what is not judged by then is left out, and said."""
_APPS_A_LOOK: Final = 20
"""Judged in one transaction, of some 100 ms: nothing is held open for the length of a job."""


class State(StrEnum):
    """How a back-test stands; whatever it is, what came so far is there."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


@dataclass(slots=True)
class Job:
    """A back-test of some text of rules. `apps` is how many there are, once that is known."""

    viewer: Viewer
    objectives: str
    outcome: Outcome
    apps: int | None = None
    state: State = State.RUNNING
    failure: str | None = None
    id: str = field(default_factory=lambda: token_urlsafe(12))

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state is not State.RUNNING

    def document(self) -> dict[str, Any]:
        """As the API gives it."""
        return {"state": str(self.state), **self.outcome.document(self.apps)}

    def end(self, state: State, failure: str | None = None) -> None:
        """Whoever ends it first says how."""
        if not self.is_over:
            self.state, self.failure = state, failure


class Jobs:
    """The back-tests of a dashboard process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._lock = threading.Lock()
        self._sampling = threading.Semaphore(1)

    def sample(self, view: View, rules: Rules, apps: Sequence[str], days: int) -> Outcome:
        """What comes of some apps, now.

        Raises:
            ProblemError: BUSY: another sample is under way, whoever asked for it.
        """
        if not self._sampling.acquire(blocking=False):
            raise ProblemError(Problem.BUSY, retry_after_s=int(MOST_S))
        try:
            outcome = Outcome(days)
            judge_apps(view, self._settings, rules, apps, outcome, time.monotonic() + MOST_S)
        finally:
            self._sampling.release()
        return outcome

    def begin(self, viewer: Viewer, rules: Rules, objectives: str, days: int) -> Job:
        """Begin one of these rules, of this text; an earlier one of the same viewer ends.

        Raises:
            ProblemError: BUSY: another one's is under way.
        """
        job = Job(viewer, objectives, Outcome(days))
        with self._lock:
            for other in self._jobs.values():
                if not other.is_over and other.viewer != viewer:
                    raise ProblemError(Problem.BUSY, retry_after_s=30)
                other.end(State.CANCELLED)
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

    def of(self, viewer: Viewer) -> list[Job]:
        """Those of this viewer, the last one first."""
        with self._lock:
            return [job for job in reversed(self._jobs.values()) if job.viewer == viewer]

    def _run(self, job: Job, rules: Rules) -> None:
        try:
            with self._database.seen_by(job.viewer) as view:
                apps = apps_to_judge(view, None)
            job.apps = len(apps)
            for first in range(0, len(apps), _APPS_A_LOOK):
                if job.is_over:
                    return
                if len(job.outcome.now) + len(job.outcome.tried) > MOST_FIRINGS:
                    job.end(State.FAILED, f"more than {MOST_FIRINGS:,} firings: try fewer days, or a calmer rule")
                    return
                self._judge(job, rules, apps[first : first + _APPS_A_LOOK])
            job.end(State.DONE)
        except Exception as problem:
            log.exception("a back-test failed")
            job.end(State.FAILED, problem.problem.sentence if isinstance(problem, ProblemError) else "see the log")

    def _judge(self, job: Job, rules: Rules, apps: Sequence[str]) -> None:
        with self._database.seen_by(job.viewer) as view:
            judge_apps(view, self._settings, rules, apps, job.outcome)


def jobs_of(request: Request) -> Jobs:
    """The jobs of the dashboard that answers."""
    jobs: Jobs = request.app.state.jobs
    return jobs
