"""What is known to a boundary: of what was said by then, and read by now."""

from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.evaluation.knowledge import Knowledge
from streams.names import WEBHOOK


def test_each_exclusion_that_is_added_acts_on_the_next_boundary() -> None:
    exclusions = Exclusions()
    knowledge = Knowledge(WEBHOOK.id, 10_000, exclusions)
    spans = [(0, 1), (2, 3), (4, 5)]
    for number, (start_ms, end_ms) in enumerate(spans, 1):
        exclusions.add(
            f"e-{number}", ExclusionRule(None, None, is_planned=False, start_ms=start_ms, end_ms=end_ms), None
        )
        assert list(knowledge.at(60_000).exclusions.for_all) == spans[:number]
