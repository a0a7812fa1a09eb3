"""The ladder of impact: every app that is not clear, how each came where it stands, appeals and decisions."""

from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from schemas.event_time import epoch_ms
from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.login.forms import Form
from streams.dashboard.pages.fields import FormError, time_ms, whole_number
from streams.dashboard.pages.render import render
from streams.dashboard.pages.text import STAGES
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.page import USUAL
from streams.dashboard.queries.standing import StandingQuestion
from streams.dashboard.queries.standing import standing as standing_of
from streams.dashboard.queries.standing import standings as standings_of
from streams.documents.remark import InvalidFileError
from streams.impact import decisions
from streams.impact.decisions import DecisionRefusedError, Person, Verdict, Word
from streams.rules import read_rules
from streams.standing.facts import Stage
from streams.web.problem import Problem, ProblemError

_CAPTION: Final = "Apps that are not clear, the highest first."
_PARTS: Final = {"changes": "number", "appeals": "id", "decisions": "id"}
"""What is listed page by page, and what numbers it."""

_FIELDS: Final = ("decision", "appeal", "incident", "stage", "until", "why")

_COUNTS: Final = """
select s.stage, count(*) as count from standing s left join app a using (app_key)
where (%(is_platform)s or a.partner_id = any(%(partners)s)) group by s.stage
"""
_STAGE: Final = "select stage from standing where app_key = %(app)s"
# Breaches that somebody may appeal against: those that count, as far as is known, and that wait for no decision.
_APPEALABLE: Final = """
select b.incident_id as id, b.record->>'metricName' as metric, b.breached_at_ms as breached_ms
from alert b left join alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.type = 'BREACH' and b.severity = 'page' and b.app_key = %(app)s
  and (%(is_platform)s or b.app_key in (select app_key from app where partner_id = any(%(partners)s)))
  and r.reason is distinct from 'EXCLUDED'
  and not exists (
    select from appeal p left join lateral (
      select act from decision d where d.appeal = p.id order by d.id desc limit 1) decided on true
    where p.incident_id = b.incident_id and decided.act is distinct from 'REJECT_APPEAL')
order by b.time_ms desc limit 100
"""
_APPEALS: Final = {"ACCEPT_APPEAL": ("good", "Accepted"), "REJECT_APPEAL": ("bad", "Rejected")}
_WORDS: Final = {
    Word.APPROVE: "Approve the demotion",
    Word.REJECT: "Reject the demotion: it stays in remediation",
    Word.REINSTATE: "Reinstate it: it is clear again",
    Word.OVERRIDE: "Override: it stands where you say",
    Word.END_OVERRIDE: "End the override: it stands where the ladder says",
}
_DECIDED: Final = {
    "APPROVE_DEMOTION": "Demotion approved",
    "REJECT_DEMOTION": "Demotion rejected",
    "REINSTATE": "Reinstated",
    "OVERRIDE": "Override",
    "END_OVERRIDE": "Override ended",
    "ACCEPT_APPEAL": "Appeal accepted",
    "REJECT_APPEAL": "Appeal rejected",
}
_DONE: Final = {
    "appeal": "The appeal is on record. The platform decides; until then the breach counts.",
    "decision": "The decision is on record. The standing follows within some seconds, while a notifier runs.",
}


def stage_of(view: View, app_key: str) -> str | None:
    """Where an app stands; None where none was judged yet."""
    found = view.rows(_STAGE, {"app": app_key})
    return found[0]["stage"] if found else None


def add_standing(app: FastAPI) -> None:
    """All apps, and one, with what is said of it."""

    @app.get("/standing", include_in_schema=False)
    def standings(request: Request, view: Seen, stage: str = "", cursor: str = "") -> Response:
        chosen = Stage(stage) if stage in STAGES else None
        found = standings_of(view, _period_ms(request), StandingQuestion(stage=chosen, cursor=cursor or None))
        counts = {row["stage"]: row["count"] for row in view.rows(_COUNTS)}
        asked = {} if chosen is None else {"stage": chosen.value}
        return render(
            request,
            view.viewer,
            "standing.html",
            page="standing",
            items=found.items,
            ladder=_ladder(None),
            tiles=[
                {
                    "url": f"?stage={name}",
                    "count": counts.get(name, 0),
                    "words": words,
                    "kind": kind,
                    "is_chosen": name == chosen,
                }
                for name, (kind, words, _how) in STAGES.items()
            ],
            next_url=None if found.next is None else f"?{urlencode({**asked, 'cursor': found.next})}",
            api_query=urlencode(asked),
            caption=_CAPTION if chosen is None else f"Apps that are {STAGES[chosen][1].lower()}, the newest first.",
        )

    @app.get("/standing/{app_key:path}", include_in_schema=False)
    def standing(request: Request, view: Seen, app_key: str, incident: str = "", done: str = "") -> Response:
        return _page(request, view, app_key, {"incident": incident}, done=done)

    @app.post("/standing/{app_key:path}", include_in_schema=False)
    def put_on_record(request: Request, view: Seen, app_key: str, form: Form) -> Response:
        key = the_app(view, app_key).key
        try:
            done = _put_on_record(request, view, key, form)
        except (DecisionRefusedError, FormError, InvalidFileError) as problem:
            return _page(request, view, key, form, problem=str(problem))
        return RedirectResponse(f"/standing/{quote(key, safe='')}?{urlencode({'done': done})}", 303)


def _put_on_record(request: Request, view: View, app_key: str, form: dict[str, str]) -> str:
    dashboard = dashboard_of(request)
    person = Person(view.viewer.name, form.get("why", ""))
    if "decision" not in form:
        with dashboard.database.desk() as connection:
            decisions.appeal(connection, app_key, form.get("incident", ""), person)
        return "appeal"
    if not view.viewer.is_platform:
        raise ProblemError(Problem.NOT_ALLOWED)
    verdict = _verdict(form)
    rules = read_rules(dashboard.settings.rules).standing
    with dashboard.database.desk() as connection:
        decisions.put_on_record(connection, app_key, verdict, person, rules)
    return "decision"


def _verdict(form: dict[str, str]) -> Verdict:
    if form["decision"] not in set(Word):
        raise FormError("Choose what you decide.")
    word, stage = Word(form["decision"]), form.get("stage", "")
    is_override = word is Word.OVERRIDE
    return Verdict(
        word,
        Stage(stage) if is_override and stage in set(Stage) else None,
        time_ms(form.get("until", ""), "The end") if is_override else None,
        whole_number(form.get("appeal", ""), "The appeal"),
    )


def _page(
    request: Request, view: View, app_key: str, asked: dict[str, str], *, problem: str | None = None, done: str = ""
) -> Response:
    of = the_app(view, app_key)
    found = standing_of(view, of.key)
    decided = {one["appeal"]: one for one in found["decisions"] if one["appeal"] is not None}
    parts = {name: _part(request, name, found[name]) for name in _PARTS}
    response = render(
        request,
        view.viewer,
        "standing_app.html",
        page="standing",
        app=of,
        standing=found,
        counted=_counted(found, _period_ms(request)),
        ladder=_ladder(found["stage"]),
        changes=parts["changes"].rows,
        appeals=[_appeal(one, decided.get(one["id"])) for one in parts["appeals"].rows],
        decisions=[one | {"words": _DECIDED[one["act"]]} for one in parts["decisions"].rows],
        earlier={name: part.earlier_url for name, part in parts.items()},
        appealable=view.rows(_APPEALABLE, {"app": of.key}),
        choices=[(word.value, _WORDS[word]) for word in decisions.possible(view.connection, of.key)],
        stages=[(name, words) for name, (_kind, words, _how) in STAGES.items()],
        asked={name: asked.get(name, "") for name in _FIELDS},
        problem=problem,
        flash=_DONE.get(done),
    )
    response.status_code = 200 if problem is None else 422
    return response


class _Part(NamedTuple):
    """What a list of the page shows, and where it goes on; None: nowhere."""

    rows: list[dict[str, Any]]
    earlier_url: str | None


def _part(request: Request, name: str, found: list[dict[str, Any]]) -> _Part:
    """The newest of a list, or those before the number that the address gives; the other lists stay where they are."""
    newest_first, number = found[::-1], _PARTS[name]
    before = request.query_params.get(name)
    start = next((place for place, one in enumerate(newest_first, 1) if str(one[number]) == before), 0)
    rows = newest_first[start : start + USUAL]
    if start + USUAL >= len(newest_first):
        return _Part(rows, None)
    elsewhere = {other: at for other, at in request.query_params.items() if other in _PARTS}
    return _Part(rows, f"?{urlencode({**elsewhere, name: rows[-1][number]})}#{name}")


def _period_ms(request: Request) -> int:
    return read_rules(dashboard_of(request).settings.rules).standing.period_ms


def _counted(found: dict[str, Any], period_ms: int) -> int:
    """The counted episodes of the period: those of the one before are shown, too."""
    shown = [epoch_ms(one["start"]) for one in found["episodes"] if one["counts"]]
    return sum(start_ms > epoch_ms(found["time"]) - period_ms for start_ms in shown)


def _appeal(one: dict[str, Any], decision: dict[str, Any] | None) -> dict[str, Any]:
    kind, words = _APPEALS[decision["act"]] if decision else ("risk", "To be decided")
    return one | {"kind": kind, "words": words, "decision": decision}


def _ladder(stage: str | None) -> list[dict[str, Any]]:
    return [{"words": words, "how": how, "is_here": name == stage} for name, (_kind, words, how) in STAGES.items()]
