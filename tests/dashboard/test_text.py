"""What pages write: rounding never turns a missed target into a met one, or the other way round."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets.budget import Counts
from streams.dashboard.pages import text
from streams.dashboard.pages.alerts import difference_words

TARGETS = st.sampled_from(("0.5", "0.95", "0.99", "0.999", "0.9995", "0.99999", "1"))


@given(good=st.integers(0, 10**9), bad=st.integers(0, 10**6), target=TARGETS)
def test_a_rate_reads_as_met_exactly_where_it_is(good: int, bad: int, target: str) -> None:
    if good + bad:
        shown = Decimal(text.rate(good, bad, target).removesuffix(" %"))
        assert (shown >= Decimal(target) * 100) is (Fraction(good, good + bad) >= Fraction(target))


@given(st.floats(0, 50))
def test_a_share_reads_as_all_exactly_where_all_is_gone(consumed: float) -> None:
    shown = Decimal(text.share(consumed).removesuffix(" %").replace(",", ""))
    assert (shown >= 100) is (Decimal(repr(consumed)) >= 1)


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [(0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_661_000, "1 h 1 min"), (28 * 86_400_000, "28 d"), (-5, "0 s")],
)
def test_a_length_is_told_in_its_two_greatest_units(duration_ms: int, words: str) -> None:
    assert text.duration(duration_ms) == words


@pytest.mark.parametrize(
    ("counted", "everything", "words"),
    [
        (Counts(131, 8), Counts(131, 8), "are the same"),
        (Counts(133, 8), Counts(133, 8), "2 events came after it was judged"),
        (Counts(131, 9), Counts(131, 9), "1 event came after it was judged, or was excluded then."),
        (Counts(100, 0), Counts(140, 8), "Some of it is excluded by now"),
        (Counts(100, 8), Counts(100, 8), "Exclusions changed"),
    ],
)
def test_late_events_are_told_where_nothing_else_explains_them(counted: Counts, everything: Counts, words: str) -> None:
    assert words in difference_words(Counts(131, 8), counted, everything)


def test_a_time_is_one_for_programs_too() -> None:
    assert text.moment("2026-11-28T12:04:05Z") == (
        '<time class="nowrap" datetime="2026-11-28T12:04:05Z">28 Nov 12:04 UTC</time>'
    ).replace("28 Nov 12:04", text.moment_text("2026-11-28T12:04:05Z").removesuffix(" UTC"))


def test_a_name_is_escaped_in_a_path() -> None:
    assert text.app_url("com.a/b?c") == "/apps/com.a%2Fb%3Fc"


def test_what_is_to_be_typed_is_told_apart_and_nothing_becomes_markup() -> None:
    assert text.prose("Run `a <b>` & see.") == "Run <code>a &lt;b&gt;</code> &amp; see."
    assert text.prose("nothing") == "nothing"


def test_times_within_words_are_told_as_all_others_are() -> None:
    told = text.with_moments("<9> of 40 failed since 2020-11-29T02:25:00Z, not 2020-99-29T02:25:00Z")
    time = '<time class="nowrap" datetime="2020-11-29T02:25:00Z">29 Nov 2020 02:25 UTC</time>'
    assert told == f"&lt;9&gt; of 40 failed since {time}, not 2020-99-29T02:25:00Z"
