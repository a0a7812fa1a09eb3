"""OpenSLO objects -> objectives: names followed from SLO to policy to condition, defaults filled in, numbers checked.

One policy belongs to one SLO, although OpenSLO lets SLOs share one: its name is the `objective` of alerts, and one
name for two rules would leave open which of them fired.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

from streams.evaluation.objective import Objective
from streams.names import METRICS
from streams.objectives.defect import Defect
from streams.objectives.document import FieldPath
from streams.objectives.openslo import SLO, AlertCondition, AlertPolicy, BurnRate, PolicyRef, Tuning
from streams.objectives.spec import Located, Spec

_SHORT_HOP_MS: Final = 60_000
_LONG_HOP_MS: Final = 300_000
_LONGEST_WITH_SHORT_HOP_MS: Final = 6 * 3_600_000
_MAX_PANES: Final = 20_000  # 20 bytes a pane: a series' row stays well below a broker's usual record limit of 1 MB

_Named: TypeAlias = Located[SLO] | Located[AlertPolicy] | Located[AlertCondition]


def bind(spec: Spec) -> tuple[tuple[Objective, ...], list[Defect]]:
    """The objectives in the order the SLOs name them, and what does not fit together."""
    binder = _Binder(spec)
    objectives = tuple(binder.objectives())
    return objectives, binder.problems


@dataclass(frozen=True, slots=True)
class _Rule:
    """A policy with its condition resolved: all of an objective but metric and target."""

    name: str
    tuning: Tuning
    hop_ms: int
    burn_rate: Located[BurnRate]


class _Binder:
    """One file's names, who uses them, and the problems found on the way."""

    def __init__(self, spec: Spec) -> None:
        self.problems: list[Defect] = []
        self._spec = spec
        self._slo_of: dict[str, str] = {}
        self._used_conditions: set[str] = set()
        self._conditions = {condition.value.metadata.name: condition for condition in spec.conditions}
        inline = [
            slo.inner(use, "spec", "alertPolicies", at)
            for slo in spec.slos
            for at, use in enumerate(slo.value.spec.alert_policies)
            if isinstance(use, AlertPolicy)
        ]
        for objects in (spec.slos, [*spec.policies, *inline], spec.conditions):
            self._refuse_twins(objects)
        self._rules = {policy.value.metadata.name: self._rule(policy) for policy in (*spec.policies, *inline)}

    def objectives(self) -> Iterator[Objective]:
        for slo in self._spec.slos:
            for at, use in enumerate(slo.value.spec.alert_policies):
                rule = self._claimed(slo, use, at)
                objective = self._objective(slo.value, rule) if rule else None
                if objective:
                    yield objective
        self._refuse_unused(self._spec.policies, self._slo_of, "no SLO names it, so it would never fire")
        self._refuse_unused(self._spec.conditions, self._used_conditions, "no AlertPolicy names it")

    def _rule(self, policy: Located[AlertPolicy]) -> _Rule | None:
        """The rule of a policy; None when a problem with it was found."""
        burn_rate = self._burn_rate(policy)
        if burn_rate is None:
            return None
        tuning = policy.value.metadata.annotations or Tuning()
        window_ms = burn_rate.value.lookback_window
        hop_ms = tuning.hop or (_SHORT_HOP_MS if window_ms <= _LONGEST_WITH_SHORT_HOP_MS else _LONG_HOP_MS)
        panes, rest = divmod(window_ms, hop_ms)
        hop = f"the hop ({hop_ms // 1_000}s{'' if tuning.hop else ', the default'}; annotation slo-streams/hop)"
        if rest:
            self._blame(burn_rate, "lookbackWindow", sentence=f"should be a multiple of {hop}")
        elif panes > _MAX_PANES:
            sentence = f"is {panes:,} times {hop}; at most {_MAX_PANES:,} are supported, so lengthen the hop"
            self._blame(burn_rate, "lookbackWindow", sentence=sentence)
        else:
            return _Rule(policy.value.metadata.name, tuning, hop_ms, burn_rate)
        return None

    def _burn_rate(self, policy: Located[AlertPolicy]) -> Located[BurnRate] | None:
        (condition,) = policy.value.spec.conditions
        place = ("spec", "conditions", 0)
        if isinstance(condition, AlertCondition):
            return policy.inner(condition.spec.condition, *place, "spec", "condition")
        name = condition.condition_ref
        self._used_conditions.add(name)
        if name in self._conditions:
            found = self._conditions[name]
            return found.inner(found.value.spec.condition, "spec", "condition")
        if name not in self._spec.doubtful:
            self._blame(policy, *place, "conditionRef", sentence=f"no AlertCondition is named {name!r} in this file")
        return None

    def _claimed(self, slo: Located[SLO], use: str | PolicyRef | AlertPolicy, at: int) -> _Rule | None:
        """The rule of a policy that an SLO names or holds; from now on it belongs to that SLO."""
        place: FieldPath = ("spec", "alertPolicies", at)
        match use:
            case AlertPolicy():
                name = use.metadata.name
            case PolicyRef():
                name, place = use.alert_policy_ref, (*place, "alertPolicyRef")
            case str():
                name = use
        if name not in self._rules:
            if name not in self._spec.doubtful:
                self._blame(slo, *place, sentence=f"no AlertPolicy is named {name!r} in this file")
            return None
        if name in self._slo_of:
            if not isinstance(use, AlertPolicy):
                owner = self._slo_of[name]
                sentence = f"AlertPolicy {name!r} is already used by SLO {owner!r}; write one with a name of its own"
                self._blame(slo, *place, sentence=sentence)
            return None
        self._slo_of[name] = slo.value.metadata.name
        return self._rules[name]

    def _objective(self, slo: SLO, rule: _Rule) -> Objective | None:
        burn_rate = rule.burn_rate.value
        budget = Fraction(burn_rate.threshold) * (1 - slo.spec.objectives[0].share)
        at_budget = burn_rate.op == "gte"
        if at_budget and budget == 0:
            sentence = f"gte with the target of SLO {slo.metadata.name!r}, 100 %, would always be breached; use gt"
            self._blame(rule.burn_rate, "op", sentence=sentence)
            return None
        if budget > 1 or (budget == 1 and not at_budget):
            sentence = (
                f"with the target of SLO {slo.metadata.name!r} allows every event to fail, so it would never fire"
            )
            self._blame(rule.burn_rate, "threshold", sentence=sentence)
            return None
        metric = slo.spec.indicator_ref
        return Objective(
            name=rule.name,
            metric=metric,
            window_ms=burn_rate.lookback_window,
            hop_ms=rule.hop_ms,
            budget=budget,
            breach_at_budget=at_budget,
            minimum_events=rule.tuning.minimum_events,
            alert_after_ms=burn_rate.alert_after,
            recover_after_ms=rule.tuning.recover_after,
            silence=rule.tuning.silence or METRICS[metric].silence,
            service=slo.spec.service,
        )

    def _refuse_twins(self, objects: Sequence[_Named]) -> None:
        names: set[str] = set()
        for found in objects:
            name = found.value.metadata.name
            if name in names:
                sentence = f"another {found.value.kind} is named {name!r}; names must differ"
                self._blame(found, "metadata", "name", sentence=sentence)
            names.add(name)

    def _refuse_unused(self, objects: Sequence[_Named], used: Container[str], consequence: str) -> None:
        for found in objects:
            name = found.value.metadata.name
            if name not in used and name not in self._spec.doubtful:
                self._blame(found, "metadata", "name", sentence=f"{consequence}; name it or remove it")

    def _blame(self, place: Located[Any], *field: str | int, sentence: str) -> None:
        self.problems.append(place.problem(*field, sentence=sentence))
