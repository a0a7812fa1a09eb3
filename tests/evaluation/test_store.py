"""The series of a partition as one mapping by app and scope."""

import pytest

from streams.evaluation.store import SeriesStore

SCOPES = ["Jira", "Confluence"]


def filled() -> SeriesStore:
    """Two apps in each of two scopes; the text of a scope is a new object each time, as a decoder makes it."""
    store = SeriesStore()
    for app_key in ("app-1", "app-2"):
        for scope in SCOPES:
            store.new(app_key, "".join(list(scope)))
    return store


def test_it_is_a_mapping_by_app_and_scope() -> None:
    store = filled()
    assert len(store) == 4
    assert set(store) == {(app_key, scope) for app_key in ("app-1", "app-2") for scope in SCOPES}
    assert all(store[key].key == key for key in store)
    assert ("app-1", "Trello") not in store
    with pytest.raises(KeyError):
        store["app-3", "Jira"]


def test_all_series_of_a_scope_share_its_name() -> None:
    names = [series.scope for series in filled().values()]
    assert len({id(name) for name in names}) == len(SCOPES)


def test_what_holds_nothing_is_let_go() -> None:
    store = filled()
    for series in list(store.values()):
        store.watch(series)
    store.let_go(0)
    assert not store
    assert set(store.take_dirty().values()) == {None}
    assert store.new("app-1", "Jira") is store["app-1", "Jira"]


def test_an_app_whose_first_series_is_gone_keeps_the_others() -> None:
    store = filled()
    gone, left = store["app-1", SCOPES[0]], store["app-1", SCOPES[1]]
    store.watch(gone)
    store.let_go(0)
    assert gone.key not in store
    assert store[left.key] is left
    back = store.new(*gone.key)
    assert (store[gone.key], store[left.key], len(store)) == (back, left, 4)
    assert sorted(store) == sorted({*filled()})


def test_an_app_has_as_many_series_as_were_begun_and_not_let_go() -> None:
    store = SeriesStore()
    series = [store.new("app-1", scope) for scope in ("Jira", "Confluence", "Trello", "Bitbucket")]
    store.new("app-2", "Jira")
    assert store.count_of("app-1") == 4
    for left, one in zip((3, 2, 1, 0), reversed(series), strict=True):
        store.drop_if_idle(one)
        assert store.count_of("app-1") == left
    assert store.count_of("app-2") == 1
