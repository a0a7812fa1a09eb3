"""Time that does not count: what is on record, and what is put on record after a look at what it changes."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from schemas.complaint import complaint
from schemas.event_time import utc_text
from schemas.exclusions import Exclusion
from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.login.forms import Form, Question
from streams.dashboard.pages.choices import METRIC_CHOICES
from streams.dashboard.pages.exclusion_preview import Preview, preview_of
from streams.dashboard.pages.fields import FormError, time_ms
from streams.dashboard.pages.render import render
from streams.dashboard.pages.text import metric_title
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.exclusions import ExclusionQuestion
from streams.dashboard.queries.exclusions import exclusions as exclusions_of
from streams.dashboard.viewer import Viewer
from streams.evaluation.exclusions import Exclusions
from streams.history.reading import read_exclusions
from streams.names import Topics, only_own_outputs
from streams.reference.reference import exclusion_of
from streams.registry.exclusions import FAULT, PLANNED, DeclaredExclusion, Phase, ended, known_of
from streams.registry.write import to_json
from streams.web.problem import Problem, ProblemError

_WORDS: Final = {PLANNED: "Announced downtime", FAULT: "Fault of the platform"}
_FIELDS: Final = ("reason", "app", "metric", "scope", "start", "end", "announced", "id")
_PHASES: Final = {Phase.CURRENT: "Now", Phase.COMING: "To come", Phase.PAST: "Over", Phase.CALLED_OFF: "Called off"}
# As the desk sees it: a record of the same name would replace that of an app which a partner does not see, or of all.
_APPS_OF: Final = "select distinct app_key from exclusion where id = %s and reason is not null"
_SEEN_APPS: Final = "select from app where app_key = any(%(apps)s) and partner_id = any(%(partners)s)"
_DONE: Final = {
    "declared": "It is on record: it is in the list and acts within some seconds.",
    "ended": "Its end is on record: it acts within some seconds.",
    "withdrawn": "It is withdrawn: within some seconds its time counts again.",
}
"""What was just done, by the word for it in an address: anybody may write one, and never more than these."""
_PUBLISH: Final = "insert into outbox (topic, key, value, headers) values (%s, %s, %s, %s)"


def add_exclusions(app: FastAPI) -> None:
    """List, preview, add, end."""

    @app.get("/exclusions", include_in_schema=False)
    def exclusions(request: Request, view: Seen, phase: str = "", cursor: str = "", done: str = "") -> Response:
        chosen = Phase(phase) if phase in set(Phase) else Phase.CURRENT
        asked = {"phase": chosen.value}
        found = exclusions_of(view, ExclusionQuestion(phase=chosen, cursor=cursor or None), _now_ms())
        return render(
            request,
            view.viewer,
            "exclusions.html",
            page="exclusions",
            exclusions=[shown(one, view.viewer) for one in found.items],
            phases=[
                {"name": name.value, "words": words, "count": found.phases[name], "is_chosen": name is chosen}
                for name, words in _PHASES.items()
            ],
            next_url=None if found.next is None else f"?{urlencode({**asked, 'cursor': found.next})}",
            api_query=urlencode(asked),
            flash=_DONE.get(done),
        )

    @app.get("/exclusions/new", include_in_schema=False)
    def new(request: Request, view: Seen) -> Response:
        return _form(request, view.viewer, {name: request.query_params.get(name, "") for name in _FIELDS})

    @app.post("/exclusions/preview", include_in_schema=False)
    def preview(request: Request, view: Seen, form: Question) -> Response:
        asked = {name: form.get(name, "").strip() for name in _FIELDS}
        try:
            wanted = _wanted(request, view, asked)
        except FormError as problem:
            return _form(request, view.viewer, asked, problems=[str(problem)])
        before = read_exclusions(view.connection)
        after = read_exclusions(view.connection)
        after.add(wanted.id, exclusion_of(wanted), _now_ms())
        found = _preview(request, view, wanted, before, after)
        return _form(request, view.viewer, asked | {"id": wanted.id}, preview=found)

    @app.post("/exclusions", include_in_schema=False)
    def add(request: Request, view: Seen, form: Form) -> Response:
        asked = {name: form.get(name, "").strip() for name in _FIELDS}
        try:
            wanted = _wanted(request, view, asked)
        except FormError as problem:
            return _form(request, view.viewer, asked, problems=[str(problem)])
        _publish(request, view.viewer, wanted.id, wanted)
        phase = DeclaredExclusion(wanted, _now_ms(), takes_effect=True).phase(_now_ms())
        return RedirectResponse(f"/exclusions?{urlencode({'phase': phase.value, 'done': 'declared'})}", 303)

    @app.get("/exclusions/{exclusion_id:path}/end", include_in_schema=False)
    def ending(request: Request, view: Seen, exclusion_id: str) -> Response:
        one = _mine(view, exclusion_id)
        return _end_form(request, view, one)

    @app.post("/exclusions/{exclusion_id:path}/end", include_in_schema=False)
    def end(request: Request, view: Seen, exclusion_id: str, form: Form) -> Response:
        one = _mine(view, exclusion_id)
        changed: Exclusion | None = None
        try:
            _check_topics(dashboard_of(request).settings.topics)
        except FormError as problem:
            return _end_form(request, view, one, problems=[str(problem)], asked=form)
        if form.get("how") != "withdraw":
            try:
                at_ms = time_ms(form.get("end", ""), "The end") or _now_ms()
            except FormError as problem:
                return _end_form(request, view, one, problems=[str(problem)], asked=form)
            changed = ended(one.exclusion, at_ms)
            if changed is None:
                over = "It is over by then as it is. Withdraw it if its time has to count again."
                return _end_form(request, view, one, problems=[over], asked=form)
        if form.get("step") == "preview":
            return _end_form(request, view, one, changed=changed, asked=form)
        _publish(request, view.viewer, exclusion_id, changed)
        done = "withdrawn" if changed is None else "ended"
        return RedirectResponse(f"/exclusions?done={done}", 303)


def shown(one: DeclaredExclusion, viewer: Viewer) -> dict[str, Any]:
    """An exclusion as the tables show it."""
    said = one.exclusion
    whom = "all apps" if said.app_key is None else said.app_key
    what = "all SLIs" if said.metric_id is None else metric_title(said.metric_id, said.scope or "")
    where = f", {said.scope}" if said.scope and said.scope not in what else ""
    return {
        "id": said.id,
        "start_ms": said.start,
        "end_ms": said.end,
        "announced_ms": max(one.announced_ms, 0),
        "whom": f"{whom}: {what}{where}",
        "reason_words": _WORDS[said.reason],
        "counts": one.takes_effect,
        "may_change": _may_change(said, viewer),
    }


def _may_change(said: Exclusion, viewer: Viewer) -> bool:
    """Row-level security shows a partner those of his own apps, and those of all; faults are the platform's word."""
    return viewer.may_act and (viewer.is_platform or (said.app_key is not None and said.reason == PLANNED))


def _form(
    request: Request, viewer: Viewer, asked: Mapping[str, str], *, problems: Any = (), preview: Preview | None = None
) -> Response:
    reasons = [(PLANNED, _WORDS[PLANNED]), *([(FAULT, _WORDS[FAULT])] if viewer.is_platform else [])]
    context = {"asked": asked, "problems": problems, "preview": preview, "reasons": reasons, "metrics": METRIC_CHOICES}
    response = render(request, viewer, "exclusion_new.html", page="exclusions", **context)
    response.status_code = 422 if problems else 200
    return response


def _end_form(
    request: Request,
    view: View,
    one: DeclaredExclusion,
    *,
    changed: Exclusion | None = None,
    problems: Any = (),
    asked: Mapping[str, str] | None = None,
) -> Response:
    """With what becomes other if it is changed so; None: if it is withdrawn."""
    before, after = read_exclusions(view.connection), read_exclusions(view.connection)
    after.add(one.exclusion.id, None if changed is None else exclusion_of(changed), _now_ms())
    asked = asked or {}
    response = render(
        request,
        view.viewer,
        "exclusion_end.html",
        page="exclusions",
        exclusion=shown(one, view.viewer),
        problems=problems,
        asked={"how": asked.get("how", "end"), "end": asked.get("end", "")},
        what="Withdrawing it changes" if changed is None else f"Ending it {utc_text(changed.end or 0)} changes",
        preview=None if problems else _preview(request, view, one.exclusion, before, after),
    )
    response.status_code = 422 if problems else 200
    return response


def _preview(request: Request, view: View, said: Exclusion, before: Exclusions, after: Exclusions) -> Preview:
    dashboard = dashboard_of(request)
    now = after.on_record().get(said.id)
    return preview_of(
        view,
        dashboard.settings,
        dashboard.objectives,
        exclusion_of(said),
        before,
        after,
        counts=now is None or now.counts,
    )


def _mine(view: View, exclusion_id: str) -> DeclaredExclusion:
    one = known_of(read_exclusions(view.connection)).get(exclusion_id)
    if one is None:
        raise ProblemError(Problem.NOT_FOUND)
    if not _may_change(one.exclusion, view.viewer):
        raise ProblemError(Problem.NOT_ALLOWED)
    return one


def _wanted(request: Request, view: View, asked: Mapping[str, str]) -> Exclusion:
    """The exclusion that a form describes, if this viewer may declare it.

    Raises:
        FormError: it cannot be used.
        ProblemError: NOT_FOUND: it is for somebody else's app.
    """
    _check_topics(dashboard_of(request).settings.topics)
    if not view.viewer.is_platform:
        if asked["reason"] != PLANNED:
            raise FormError("Whether the platform was at fault, the platform says: raise an incident.")
        if not asked["app"]:
            raise FormError("For which app? Write its key.")
    if asked["app"]:
        the_app(view, asked["app"])
    if asked["id"] and not _is_free(request, view, asked["id"]):
        raise FormError("There is one of that name, which you may not change: choose another name.")
    start, end = time_ms(asked["start"], "The start"), time_ms(asked["end"], "The end")
    announced = time_ms(asked["announced"], "The time it was announced")
    if start is None:
        raise FormError("When does it start?")
    if end is None and asked["reason"] == PLANNED:
        raise FormError("What is planned has an end.")
    if announced is not None and announced > _now_ms():
        raise FormError("The time it was announced is still to come.")
    document = {
        "id": asked["id"] or f"ex-{secrets.token_hex(4)}",
        "appKey": asked["app"] or None,
        "metricId": asked["metric"] or None,
        "scope": asked["scope"] or None,
        "reason": asked["reason"],
        "start": start,
        "end": end,
        "announcedAt": announced if asked["reason"] == PLANNED else None,
    }
    try:
        return Exclusion.model_validate(document)
    except ValidationError as problem:
        raise FormError(complaint(problem)) from None


def _is_free(request: Request, view: View, exclusion_id: str) -> bool:
    """Whether nobody has an exclusion of that name, or this viewer may change it."""
    existing = known_of(read_exclusions(view.connection)).get(exclusion_id)
    if existing is not None and not _may_change(existing.exclusion, view.viewer):
        return False
    if view.viewer.is_platform:
        return True
    with dashboard_of(request).database.desk() as connection:
        apps = [app_key for (app_key,) in connection.execute(_APPS_OF.encode(), [exclusion_id])]
    return None not in apps and len(view.rows(_SEEN_APPS, {"apps": apps})) == len(apps)


def _check_topics(topics: Topics) -> None:
    """Raises FormError: what this application publishes is its own alone."""
    if topics.has_own_outputs:
        raise FormError(only_own_outputs(topics))


def _publish(request: Request, viewer: Viewer, exclusion_id: str, said: Exclusion | None) -> None:
    """On its way to Kafka with who said it; from there every service has it, history for this page, too."""
    dashboard = dashboard_of(request)
    value = None if said is None else to_json(said)
    with dashboard.database.desk() as connection:
        topic = dashboard.settings.topics.exclusions
        connection.execute(_PUBLISH.encode(), [topic, exclusion_id, value, Jsonb({"declared-by": viewer.name})])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
