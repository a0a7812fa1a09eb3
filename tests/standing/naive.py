"""The ladder once more, as its table reads: from nothing, tick by tick, every number counted anew."""

from collections.abc import Sequence

from streams.standing.facts import Act, Breach, Decision, Facts, Rules, Stage


def stages(facts: Facts, until: int, rules: Rules) -> list[Stage]:
    """Where the app stands at each tick of 0 to `until`."""
    stage, since, not_before = Stage.CLEAR, 0, -(10**9)
    found = []
    for tick in range(until + 1):
        is_due_now = False  # a target that is missed at this tick is not decided on before it is known
        for _ in Stage:  # so many steps can be taken at one tick at most
            after = [at for at in counted_episodes(facts, tick, rules) if at > not_before]
            missed = any(one.at_ms == tick for one in facts.missed)
            lately = any(tick - rules.targets_every_ms < one.at_ms <= tick for one in facts.missed)
            acts = {one.act for one in facts.decisions if one.at_ms == tick}
            if stage in (Stage.CLEAR, Stage.NOTIFIED) and len(after) >= rules.remediation_at:
                stage, since = Stage.REMEDIATION, sorted(after)[rules.remediation_at - 1]
            elif stage is Stage.CLEAR and after:
                stage = Stage.NOTIFIED
            elif stage is Stage.NOTIFIED and not after:
                stage = Stage.CLEAR
            elif stage is Stage.REMEDIATION and tick >= since + rules.period_ms:
                stage = Stage.DEMOTION_DUE if after else Stage.CLEAR
            elif stage in (Stage.NOTIFIED, Stage.REMEDIATION) and missed:
                stage, is_due_now = Stage.DEMOTION_DUE, True
            elif stage is Stage.DEMOTION_DUE and Act.REJECT_DEMOTION in acts and not is_due_now:
                stage, since = Stage.REMEDIATION, tick
            elif stage is Stage.DEMOTED and Act.REINSTATE in acts and not after and not lately:
                stage, not_before = Stage.CLEAR, tick
            elif stage is not Stage.DEMOTED and Act.APPROVE_DEMOTION in acts:
                stage = Stage.DEMOTED  # whatever is known by now: a person has said so
        override = set_by_a_person(facts.decisions, tick)
        found.append(stage if override is None else override)
    return found


def set_by_a_person(decisions: Sequence[Decision], tick: int) -> Stage | None:
    """The stage of the latest override that holds."""
    by_now = [one for one in decisions if one.at_ms <= tick]
    ended = max((one.at_ms for one in by_now if one.act is Act.END_OVERRIDE), default=-1)
    held = [one for one in by_now if one.act is Act.OVERRIDE and (one.until_ms is None or tick < one.until_ms)]
    return max(
        (one for one in held if one.at_ms > ended), key=lambda one: one.at_ms, default=Decision(0, Act.OVERRIDE)
    ).stage


def counted_episodes(facts: Facts, tick: int, rules: Rules) -> list[int]:
    """Times of the counted episodes in (tick - period, tick], found by joining pairs until nothing joins."""
    breaches = sorted(facts.breaches, key=lambda one: (one.breached_ms, one.incident_id))
    groups: list[list[Breach]] = []
    for breach in breaches:
        latest = groups[-1] if groups else []
        is_open = any(one.recovered_ms is None for one in latest)
        ends = [one.recovered_ms or 0 for one in latest]
        if latest and (is_open or breach.breached_ms <= max(ends) + rules.episode_gap_ms):
            latest.append(breach)
        else:
            groups.append([breach])
    return [
        group[0].breached_ms
        for group in groups
        if tick - rules.period_ms < group[0].breached_ms <= tick and any(one.excuse is None for one in group)
    ]
