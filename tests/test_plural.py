"""One thing is not called by the word for many."""

import pytest

from streams.plural import number_of


@pytest.mark.parametrize(("count", "said"), [(0, "0 apps"), (1, "1 app"), (2, "2 apps"), (2_000, "2,000 apps")])
def test_numbers_of_things(count: int, said: str) -> None:
    assert number_of(count, "app") == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 breaches"), (1, "1 breach"), (2, "2 breaches")])
def test_many_that_are_not_called_by_an_s(count: int, said: str) -> None:
    assert number_of(count, "breach", "breaches") == said
