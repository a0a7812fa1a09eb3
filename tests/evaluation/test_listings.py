"""What the versions of an app decide at a moment."""

from streams.evaluation.listings import Listing, Listings
from streams.windows.hopping import NEVER

URL, OTHER = "https://charts.example.com", "https://maps.example.com"


def versions(*said: tuple[tuple[str, ...] | None, int | None]) -> Listings:
    """Base URLs and time of each; None: withdrawn."""
    listings = Listings()
    for urls, known_ms in said:
        listings.add("app", None if urls is None else Listing(urls, ()), known_ms)
    return listings


def test_a_base_url_has_left_when_a_known_version_lacks_what_an_earlier_one_had() -> None:
    moved = versions(((URL,), 10), ((OTHER,), 20))
    assert [moved.has_left("app", URL, moment_ms) for moment_ms in (9, 10, 19, 20)] == [False, False, False, True]
    assert not moved.has_left("app", OTHER, 20)
    assert not moved.has_left("app", f"{URL}/", 20)  # exactly that one, or none
    assert not versions(((URL,), 10), ((OTHER,), 20), ((OTHER, URL), 30)).has_left("app", URL, 30)


def test_the_first_version_that_is_left_tells_of_nothing_before_it() -> None:
    assert not versions(((OTHER,), 10)).has_left("app", URL, 10)
    assert not versions(((URL,), 10), ((OTHER,), 5)).has_left("app", URL, 9)


def test_an_app_leaves_with_all_that_it_had() -> None:
    withdrawn = versions(((URL,), 10), (None, 20))
    assert [withdrawn.has_left("app", "Jira", moment_ms) for moment_ms in (19, 20)] == [False, True]
    assert withdrawn.has_left("app", OTHER, 20)
    assert versions((None, None)).has_left("app", URL, 0)
    assert not withdrawn.has_left("another", "Jira", 20)


def test_it_says_when_more_is_known() -> None:
    withdrawn = versions(((URL,), None), (None, 20))
    assert [withdrawn.changes_after_ms("app", moment_ms) for moment_ms in (0, 19, 20)] == [20, 20, NEVER]
    assert withdrawn.changes_after_ms("another", 0) == NEVER


def test_before_the_first_version_of_an_app_its_first_one_holds() -> None:
    listings = Listings()
    listings.add("a", Listing((), ("c-1",)), 100)
    listings.add("a", Listing((), ("c-2",)), 200)
    assert [listings.excludes("a", client, 50) for client in ("c-1", "c-2")] == [True, False]


def test_an_app_that_nothing_is_known_of_excludes_nobody() -> None:
    assert not Listings().excludes("a", "c-1", 50)
