"""An alert policy with its condition found: all of an objective but metric and target, its numbers checked."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from streams.documents.remark import Remark
from streams.evaluation.objective import Judge, Objective, usual_hop_ms
from streams.names import METRICS
from streams.objectives.annotations import PREFIX, PolicyAnnotations
from streams.objectives.openslo import AlertConditionSpec, AlertPolicy
from streams.objectives.service_level import ServiceLevel
from streams.objectives.spec import Located

_LONGEST_OF_WORKER_MS: Final = 24 * 3_600_000
_MINUTE_MS: Final = 60_000  # what history keeps
_MAX_PANES: Final = 20_000  # 20 bytes a pane: a series' row stays well below a broker's usual record limit of 1 MB
_DEFAULT_SEVERITY: Final = "page"


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy and its condition."""

    policy: Located[AlertPolicy]
    condition: Located[AlertConditionSpec]

    @property
    def name(self) -> str:
        """Of the policy."""
        return self.policy.value.metadata.name

    @property
    def tuning(self) -> PolicyAnnotations:
        """The policy's annotations."""
        return self.policy.value.metadata.annotations or PolicyAnnotations()

    @property
    def window_ms(self) -> int:
        """Of the longer window."""
        return self.condition.value.condition.lookback_window

    @property
    def hop_ms(self) -> int:
        """As set, or by the window."""
        return self.tuning.hop or usual_hop_ms(self.window_ms)

    @property
    def judge(self) -> Judge:
        """As set, or by the window."""
        return self.tuning.judged_by or (Judge.WORKER if self.window_ms <= _LONGEST_OF_WORKER_MS else Judge.HISTORY)

    def fault(self) -> Remark | None:
        """What is wrong with it whatever SLO it is for."""
        return self._fault_of_windows() or self._fault_of_threshold() or self._fault_of_judge()

    def _fault_of_windows(self) -> Remark | None:
        hop = f"the hop ({self.hop_ms // 1_000}s{'' if self.tuning.hop else ', the default'}; annotation {PREFIX}hop)"
        panes, rest = divmod(self.window_ms, self.hop_ms)
        if rest:
            return self._of_condition("lookbackWindow", f"should be a multiple of {hop}")
        if panes > _MAX_PANES:
            sentence = f"is {panes:,} times {hop}; at most {_MAX_PANES:,} are supported, so lengthen the hop"
            return self._of_condition("lookbackWindow", sentence)
        short_ms = self.tuning.short_window
        if short_ms is not None and short_ms % self.hop_ms:
            return self._of_annotation("short-window", f"should be a multiple of {hop}")
        if short_ms is not None and short_ms >= self.window_ms:
            return self._of_annotation("short-window", "should be shorter than lookbackWindow")
        return None

    def _fault_of_threshold(self) -> Remark | None:
        is_given = self.condition.value.condition.threshold is not None
        if is_given and self.tuning.budget_share is not None:
            return self._of_annotation("budget-share", "stands instead of threshold; give one of them")
        if not is_given and self.tuning.budget_share is None:
            return self._of_condition("threshold", f"is required, or the annotation {PREFIX}budget-share of the policy")
        return None

    def _fault_of_judge(self) -> Remark | None:
        if self.judge is Judge.HISTORY and self.hop_ms % _MINUTE_MS:
            return self._of_annotation("hop", "should be whole minutes: history, which judges this, keeps those")
        return None

    def objective(self, level: ServiceLevel, name: str) -> Objective | Remark:
        """What it makes of a service level, or why it makes no sense there."""
        burn_rate = self.condition.value.condition
        budget = self._threshold(level) * (1 - level.target)
        at_budget = burn_rate.op == "gte"
        target = f"the target of SLO {level.name!r}"
        if at_budget and budget == 0:
            return self._of_condition("op", f"gte with {target}, 100 %, would always be breached; use gt")
        if budget > 1 or (budget == 1 and not at_budget):
            sentence = f"with {target} allows every event to fail, so it would never fire"
            if self.tuning.budget_share is not None:
                return self._of_annotation("budget-share", sentence)
            return self._of_condition("threshold", sentence)
        return Objective(
            name=name,
            metric=level.metric,
            window_ms=self.window_ms,
            hop_ms=self.hop_ms,
            budget=budget,
            breach_at_budget=at_budget,
            minimum_events=self.tuning.minimum_events,
            alert_after_ms=burn_rate.alert_after,
            recover_after_ms=self.tuning.recover_after,
            silence=self.tuning.silence or METRICS[level.metric].silence,
            hold_for_ms=self.tuning.hold_for,
            short_ms=self.tuning.short_window,
            judge=self.judge,
            severity=self.condition.value.severity or _DEFAULT_SEVERITY,
            service=level.service,
        )

    def _threshold(self, level: ServiceLevel) -> Fraction:
        """The burn rate: as written, or that which uses a share of the period's budget within the window."""
        if self.tuning.budget_share is not None:
            return self.tuning.budget_share * Fraction(level.period_ms, self.window_ms)
        return Fraction(self.condition.value.condition.threshold or 0)

    def _of_condition(self, field: str, sentence: str) -> Remark:
        return self.condition.remark("condition", field, sentence=sentence)

    def _of_annotation(self, name: str, sentence: str) -> Remark:
        return self.policy.remark("metadata", "annotations", PREFIX + name, sentence=sentence)
