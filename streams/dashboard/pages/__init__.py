"""Pages: what is read of the database, as people read it."""

from fastapi import FastAPI

from streams.dashboard.pages.alerts import add_alerts
from streams.dashboard.pages.app_page import add_app_page
from streams.dashboard.pages.changes import add_changes
from streams.dashboard.pages.deliveries import add_deliveries
from streams.dashboard.pages.exclusions import add_exclusions
from streams.dashboard.pages.fleet import add_fleet
from streams.dashboard.pages.incident_new import add_incident_new
from streams.dashboard.pages.incidents import add_incidents
from streams.dashboard.pages.logins import add_logins
from streams.dashboard.pages.look_as import add_look_as
from streams.dashboard.pages.mailbox import add_mailbox
from streams.dashboard.pages.reports import add_reports
from streams.dashboard.pages.rules import add_rules
from streams.dashboard.pages.standing import add_standing
from streams.dashboard.pages.status import add_status


def add_pages(app: FastAPI) -> None:
    """All of them, and what tells them of changes."""
    add_changes(app)
    add_fleet(app)
    add_app_page(app)
    add_alerts(app)
    add_incident_new(app)
    add_incidents(app)
    add_standing(app)
    add_exclusions(app)
    add_deliveries(app)
    add_rules(app)
    add_reports(app)
    add_status(app)
    add_mailbox(app)
    add_look_as(app)
    add_logins(app)
