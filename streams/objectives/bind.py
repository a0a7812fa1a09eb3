"""OpenSLO objects -> objectives: names followed from SLO to policy to condition, defaults filled in, numbers checked.

An objective is called as its policy, and as `SLO/policy` where several SLOs name that policy: one name for two rules
would leave open which of them fired.
"""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from streams.documents.document import FieldPath
from streams.documents.remark import Remark
from streams.evaluation.budget_level import BudgetLevel
from streams.evaluation.objective import Judge, Objective
from streams.objectives.annotations import SLOAnnotations
from streams.objectives.budget_levels import budget_levels, name_of_level
from streams.objectives.openslo import SLO, AlertCondition, AlertPolicy, PolicyRef
from streams.objectives.rule import Rule
from streams.objectives.service_level import ServiceLevel
from streams.objectives.spec import Located, Spec

_Named: TypeAlias = Located[SLO] | Located[AlertPolicy] | Located[AlertCondition]

_OTHERS: Final = {
    "Service": "is read and not used: alerts have the name that an SLO gives as its service",
    "SLI": "is read and not used: events are judged by the rules of their metric",
    "DataSource": "is read and not used: events come from Kafka",
    "AlertNotificationTarget": "is read and not used: who is told is set in the targets file",
}


@dataclass(frozen=True, slots=True)
class Objectives:
    """What some objectives files say.

    `all` are the alert rules in the order the SLOs name them, `service_levels` what the SLOs promise; `unused` is what
    was read and changes nothing.
    """

    all: tuple[Objective, ...] = ()
    service_levels: tuple[ServiceLevel, ...] = ()
    unused: tuple[Remark, ...] = ()

    def of(self, judge: Judge) -> tuple[Objective, ...]:
        """Those that one of the two judges."""
        return tuple(objective for objective in self.all if objective.judge is judge)

    @property
    def judged(self) -> tuple[Objective, ...]:
        """All that anybody judges: rules and budget levels."""
        return (*self.all, *self.budget_levels)

    @property
    def budget_levels(self) -> tuple[BudgetLevel, ...]:
        """Those of all SLOs; history judges them beside its policies."""
        return tuple(budget_levels(self.service_levels))


def bind(spec: Spec) -> tuple[Objectives, list[Remark]]:
    """The objectives, and what does not fit together."""
    binder = _Binder(spec)
    return binder.objectives(), binder.problems


class _Use(NamedTuple):
    """A policy where an SLO names or holds it."""

    slo: Located[SLO]
    policy: str
    place: FieldPath
    is_inline: bool


@dataclass
class _Binder:
    """The names of all files, who uses them, and the problems found on the way."""

    spec: Spec
    problems: list[Remark] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _used_conditions: set[str] = field(default_factory=set)

    def objectives(self) -> Objectives:
        inline = [
            slo.inner(use, "spec", "alertPolicies", at)
            for slo in self.spec.slos
            for at, use in enumerate(slo.value.spec.alert_policies or ())
            if isinstance(use, AlertPolicy)
        ]
        policies = [*self.spec.policies, *inline]
        self._refuse_twins(policies)
        self._refuse_twins(self.spec.conditions)
        levels = self._service_levels()
        rules = {policy.value.metadata.name: self._rule(policy) for policy in policies}
        judged = tuple(self._bound(levels, rules))
        return Objectives(judged, tuple(levels.values()), tuple(self._unused(policies)))

    # SLOs

    def _service_levels(self) -> dict[str, ServiceLevel]:
        """By name. An SLO may stand in several files, as long as they promise the same and only its policies differ."""
        levels: dict[str, ServiceLevel] = {}
        written: dict[str, list[Located[SLO]]] = {}
        for slo in self.spec.slos:
            name = slo.value.metadata.name
            level = _service_level(slo.value)
            others = written.setdefault(name, [])
            if any(other.document.file == slo.document.file for other in others):
                self._blame(slo, "metadata", "name", sentence=f"another SLO is named {name!r}; names must differ")
            elif name in levels and levels[name] != level:
                first = others[0].document.file
                sentence = f"SLO {name!r} promises something else in {first}; give it a name of its own"
                self._blame(slo, "metadata", "name", sentence=sentence)
            levels.setdefault(name, level)
            others.append(slo)
        return levels

    # Policies and their conditions

    def _rule(self, policy: Located[AlertPolicy]) -> Rule | None:
        """The rule of a policy; None when a problem with it was found."""
        (condition,) = policy.value.spec.conditions
        place = ("spec", "conditions", 0)
        if isinstance(condition, AlertCondition):
            return self._sound(Rule(policy, policy.inner(condition.spec, *place, "spec")))
        name = condition.condition_ref
        self._used_conditions.add(name)
        found = next((one for one in self.spec.conditions if one.value.metadata.name == name), None)
        if found is not None:
            return self._sound(Rule(policy, found.inner(found.value.spec, "spec")))
        if name not in self.spec.doubtful:
            self._blame(policy, *place, "conditionRef", sentence=f"no AlertCondition is named {name!r}")
        return None

    def _sound(self, rule: Rule) -> Rule | None:
        fault = rule.fault()
        if fault is not None:
            self.problems.append(fault)
        return None if fault else rule

    # Objectives

    def _bound(self, levels: dict[str, ServiceLevel], rules: dict[str, Rule | None]) -> Iterator[Objective]:
        uses = [use for slo in self.spec.slos for use in _uses(slo)]
        slos_of = Counter(policy for _, policy in {(use.slo.value.metadata.name, use.policy) for use in uses})
        seen: set[tuple[str, str]] = set()
        for use in uses:
            slo = use.slo.value.metadata.name
            self._used.add(use.policy)
            if use.policy not in rules:
                if use.policy not in self.spec.doubtful:
                    self._blame(use.slo, *use.place, sentence=f"no AlertPolicy is named {use.policy!r}")
            elif (slo, use.policy) in seen:
                if not use.is_inline:
                    sentence = f"SLO {slo!r} names AlertPolicy {use.policy!r} twice; once is enough"
                    self._blame(use.slo, *use.place, sentence=sentence)
            elif use.policy in _names_of_levels(levels[slo]):
                sentence = f"AlertPolicy {use.policy!r} is called as a budget level of SLO {slo!r}; rename it"
                self._blame(use.slo, *use.place, sentence=sentence)
            elif (rule := rules[use.policy]) is not None:
                name = use.policy if slos_of[use.policy] == 1 else f"{slo}/{use.policy}"
                found = rule.objective(levels[slo], name)
                if isinstance(found, Objective):
                    yield found
                else:
                    self.problems.append(found)
            seen.add((slo, use.policy))

    # What is left

    def _unused(self, policies: Sequence[Located[AlertPolicy]]) -> Iterator[Remark]:
        for other in self.spec.others:
            yield other.remark(sentence=f"{other.value.kind} {other.value.metadata.name!r} {_OTHERS[other.value.kind]}")
        yield from self._unnamed(policies, self._used, "no SLO names it, so it never fires")
        yield from self._unnamed(self.spec.conditions, self._used_conditions, "no AlertPolicy names it")
        for policy in policies:
            if policy.value.spec.notification_targets:
                sentence = "are read and not used: who is told is set in the targets file"
                yield policy.remark("spec", "notificationTargets", sentence=sentence)

    def _unnamed(self, objects: Sequence[_Named], used: Container[str], why: str) -> Iterator[Remark]:
        for found in objects:
            name = found.value.metadata.name
            if name not in used and name not in self.spec.doubtful:
                yield found.remark(sentence=f"{found.value.kind} {name!r} is read and not used: {why}")

    def _refuse_twins(self, objects: Sequence[_Named]) -> None:
        names: set[str] = set()
        for found in objects:
            name = found.value.metadata.name
            if name in names:
                sentence = f"another {found.value.kind} is named {name!r}; names must differ"
                self._blame(found, "metadata", "name", sentence=sentence)
            names.add(name)

    def _blame(self, place: Located[Any], *path: str | int, sentence: str) -> None:
        self.problems.append(place.remark(*path, sentence=sentence))


def _service_level(slo: SLO) -> ServiceLevel:
    annotations = slo.metadata.annotations or SLOAnnotations()
    return ServiceLevel(
        name=slo.metadata.name,
        metric=slo.spec.metric,
        target=slo.spec.objectives[0].share,
        period_ms=slo.spec.period_ms,
        service=slo.spec.service,
        budget_levels=annotations.budget_levels,
    )


def _names_of_levels(level: ServiceLevel) -> set[str]:
    return {name_of_level(percent) for percent in level.budget_levels}


def _uses(slo: Located[SLO]) -> Iterator[_Use]:
    for at, use in enumerate(slo.value.spec.alert_policies or ()):
        place: FieldPath = ("spec", "alertPolicies", at)
        match use:
            case AlertPolicy():
                yield _Use(slo, use.metadata.name, place, is_inline=True)
            case PolicyRef():
                yield _Use(slo, use.alert_policy_ref, (*place, "alertPolicyRef"), is_inline=False)
            case str():
                yield _Use(slo, use, place, is_inline=False)
