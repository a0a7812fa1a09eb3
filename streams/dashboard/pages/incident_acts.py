"""What somebody does to an incident by a form: the same as on the command line, by the same functions."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from streams.dashboard.database import Connection, View
from streams.dashboard.pages.fields import FormError, whole_number
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.raising import partner_by
from streams.incidents.entry import Act, Fault, PirStatus, State, Visibility
from streams.incidents.people import Person, act_on, report
from streams.incidents.permitted import INCIDENT_MANAGER
from streams.incidents.published import MOST_APPS
from streams.incidents.review import measure_of
from streams.severity.severity import Kind, Level, Severity
from streams.web.problem import Problem, ProblemError

Form = Mapping[str, str]

AS_VOTED: Final = "auto"
"""The severity that is nobody's decision any more: as the votes say again."""

_CHOICES: Final = {
    "visibility": ("visibility", Visibility),
    "fault": ("suspectedFault", Fault),
    "kind": ("kind", Kind),
    "level": ("level", Level),
}


def act_by(view: View, connection: Connection, incident_id: str, form: Form) -> str:
    """Do what the form says in the name of who sends it; the act.

    Raises:
        FormError: something is filled in wrongly.
        RefusedError: not as the incident is now.
        UnknownIncidentError: there is none of that id.
        ProblemError: NOT_ALLOWED.
    """
    act = form.get("act", "")
    if act not in _ACTS:
        raise FormError("Nothing was chosen.")
    if not view.viewer.is_platform and act != Act.REPORTED:
        raise ProblemError(Problem.NOT_ALLOWED)
    _ACTS[act](view, connection, incident_id, form)
    return act


def person_of(view: View, form: Form) -> Person:
    """Who sends a form, and why."""
    return Person(view.viewer.name, form.get("why", ""), INCIDENT_MANAGER if view.viewer.is_manager else None)


def choice(form: Form, *names: str) -> dict[str, Any]:
    """What a form says beside a text: only fields that are filled in, and that hold what they may.

    Raises:
        FormError: a number is none.
    """
    said: dict[str, Any] = {
        field: form[name] for name, (field, kinds) in _CHOICES.items() if name in names and form.get(name) in set(kinds)
    }
    if "capability" in names and form.get("capability"):
        said["capability"] = form["capability"]
    users = whole_number(form.get("users", ""), "The number of users") if "users" in names else None
    return said if users is None else {**said, "users": users}


def apps_of(view: View, text: str) -> list[str]:
    """The keys of apps that a field names, with space, commas or lines between.

    Raises:
        FormError: one is none that this viewer sees, or they are too many.
    """
    keys = list(dict.fromkeys(text.replace(",", " ").split()))
    if len(keys) > MOST_APPS:
        raise FormError(f"At most {MOST_APPS:,} apps at a time.")
    for key in keys:
        try:
            the_app(view, key)
        except ProblemError:
            raise FormError(f"There is no app {key}.") from None
    return keys


def _confirm(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    act_on(connection, incident_id, Act.CONFIRMED, person_of(view, form), choice(form, "visibility"))
    fault = choice(form, "fault")
    if fault:
        act_on(connection, incident_id, Act.CHANGED, person_of(view, form), fault)


def _dismiss(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    if not form.get("why"):
        raise FormError("Say why it is none.")
    act_on(connection, incident_id, Act.DISMISSED, person_of(view, form))


def _set_state(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    if form.get("state") not in set(State):
        raise FormError("Choose a state.")
    act_on(connection, incident_id, Act.STATE, person_of(view, form), {"state": form["state"]})


def _note(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    if not form.get("why"):
        raise FormError("Write what is to be noted.")
    act_on(connection, incident_id, Act.NOTE, person_of(view, form), is_public=form.get("public") == "on")


def _change(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    said = choice(form, "visibility", "fault", "kind", "level", "capability", "users")
    apps = apps_of(view, form.get("apps", ""))
    if apps:
        said["apps"] = apps
    severity = form.get("severity", "")
    if severity == AS_VOTED or severity in Severity.__members__:
        said["severity"] = None if severity == AS_VOTED else severity
    if not said:
        raise FormError("Say what is known better now.")
    act_on(connection, incident_id, Act.CHANGED, person_of(view, form), said)


def _report(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    partner = partner_by(view, form.get("partner", ""))
    if not report(connection, incident_id, partner, person_of(view, form)):
        raise FormError(f"{partner} has reported it before; a partner counts once.")


def _review(view: View, connection: Connection, incident_id: str, form: Form) -> None:
    status = form.get("status", "")
    at_fault = form.get("at_fault", "")
    if status not in set(PirStatus):
        raise FormError("Choose how far the review is.")
    try:
        actions = [measure_of(line) for line in form.get("actions", "").splitlines() if line.strip()]
    except ValueError as problem:
        raise FormError(str(problem)) from None
    data = {
        "status": PirStatus(status),
        "text": form.get("text", ""),
        "actions": actions,
        "systemAtFault": Fault(at_fault) if at_fault in set(Fault) else Fault.UNKNOWN,
    }
    act_on(connection, incident_id, Act.PIR, person_of(view, form), data)


_ACTS: Final[dict[str, Callable[[View, Connection, str, Form], None]]] = {
    Act.CONFIRMED: _confirm,
    Act.DISMISSED: _dismiss,
    Act.STATE: _set_state,
    Act.NOTE: _note,
    Act.CHANGED: _change,
    Act.REPORTED: _report,
    Act.PIR: _review,
}
