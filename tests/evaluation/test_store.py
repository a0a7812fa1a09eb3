"""The series of a partition as one mapping by app and scope."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.series import Series, SeriesKey
from streams.evaluation.store import SeriesStore
from streams.evaluation.transition import ObjectiveState
from streams.turn import finish
from streams.windows.tumbling import NO_PANE

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
    assert [series.is_idle for series in store.take_dirty()] == [True] * len(filled())
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


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(("app-1", "app-2")), st.sampled_from("abc"))))
def test_stored_series_come_anew_and_go_as_in_a_dictionary(story: list[tuple[bool, str, str]]) -> None:
    store, wanted = SeriesStore(), dict[SeriesKey, Series]()
    for number, (is_there, *key) in enumerate(story):
        app_key, scope = key
        if is_there:
            series = wanted[app_key, scope] = Series((app_key, scope))
            series.add(number, 0, 1)
            store.put(series)
        else:
            wanted.pop((app_key, scope), None)
            store.remove((app_key, scope))
        assert dict(store) == wanted
        assert len(store) == len(wanted)
        assert all(store.count_of(app) == sum(one == app for one, _ in wanted) for app in ("app-1", "app-2"))
    finish(store.scheduling())
    assert {one.key for one in store.watched} == set(wanted)
    assert len(store.watched) == len(wanted)
    store.let_go(len(story))
    assert not store
    assert {one.key for one in store.take_dirty()} == set(wanted)


def test_what_changed_twice_is_stored_once_and_again_when_it_changes_again() -> None:
    store = filled()
    series = store["app-1", "Jira"]
    store.mark_dirty(series)
    store.mark_dirty(series)
    assert store.dirty == [series]
    store.take_dirty()
    store.mark_dirty(series)
    assert store.dirty == [series]


def counted(*panes: int, state: ObjectiveState | None = None) -> tuple[SeriesStore, Series]:
    """A store with one series that has a good event in each of these panes."""
    store = SeriesStore()
    series = store.new("app-1", "Jira")
    for pane in panes:
        series.add(pane, 1, 0)
        if not series.is_fading:
            store.fade_later(series)
    if state is not None:
        series.put("objective", state)
    return store, series


def test_a_series_fades_after_its_last_pane_and_not_with_it() -> None:
    store, series = counted(7)
    store.let_go(7)
    assert list(store.values()) == [series]
    assert store.dirty == []
    store.let_go(8)
    assert (len(store), store.dirty) == (0, [series])


def test_a_series_with_a_later_event_fades_after_that() -> None:
    store, series = counted(7, 9)
    for first_pane, is_kept in ((9, True), (10, False)):
        store.let_go(first_pane)
        assert (series.key in store) is is_kept


def test_a_state_stays_without_its_panes_and_is_stored_so() -> None:
    store, series = counted(7, state=ObjectiveState(1))
    store.let_go(8)
    assert (list(store.values()), series.latest_pane, store.dirty) == ([series], NO_PANE, [series])
