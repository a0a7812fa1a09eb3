"""`/embed/{token}`: the state of one budget as a badge on somebody's page, to whoever has the link.

The link is signed and ends; it holds what is shown and on which pages, and no login. A new key ends all links at once.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from itsdangerous import BadSignature, URLSafeSerializer

from streams.budgets.state import BudgetState
from streams.dashboard.dashboard import dashboard_of
from streams.dashboard.queries.budgets import BudgetQuestion, budgets
from streams.dashboard.viewer import platform
from streams.names import METRICS
from streams.plural import number_of
from streams.web.problem import Problem, ProblemError

_SALT: Final = "slo-streams embed"
_MOST_BUDGETS: Final = 10_000  # of an app and metric: each of a thousand series has one under each SLO
_WORDS: Final = {
    BudgetState.MET: ("Met", "#00664a"),
    BudgetState.AT_RISK: ("At risk", "#8a4b00"),
    BudgetState.EXHAUSTED: ("Missed", "#a3152e"),
    BudgetState.NO_DATA: ("No data", "#555555"),
}
_SVG: Final = """<svg xmlns="http://www.w3.org/2000/svg" width="360" height="40" role="img" aria-label="{label}">
<title>{label}</title>
<rect width="360" height="40" rx="4" fill="#ffffff" stroke="#767676"/>
<rect x="270" width="90" height="40" rx="4" fill="{colour}"/>
<text x="10" y="17" font-family="sans-serif" font-size="12" fill="#1a1a1a">{title}</text>
<text x="10" y="32" font-family="sans-serif" font-size="12" fill="#1a1a1a">{figures}</text>
<text x="315" y="25" font-family="sans-serif" font-size="13" fill="#ffffff" text-anchor="middle">{state}</text>
</svg>
"""


@dataclass(frozen=True, slots=True)
class Embed:
    """What a link shows, until when, and on pages of which origins."""

    app: str
    metric: str
    scope: str
    slo: str
    until_ms: int
    origins: Sequence[str]


def sign(embed: Embed, key: str) -> str:
    """The token of a link."""
    return str(URLSafeSerializer(key, salt=_SALT).dumps(asdict(embed)))


def read_token(token: str, key: str, now_ms: int) -> Embed | None:
    """What a token is for; None: it is none of ours, or has ended."""
    try:
        embed = Embed(**URLSafeSerializer(key, salt=_SALT).loads(token))
    except BadSignature:
        return None
    return embed if now_ms < embed.until_ms else None


def add_embeds(app: FastAPI) -> None:
    """Badges."""

    @app.get("/embed/{token}", include_in_schema=False)
    def embed(request: Request, token: str) -> Response:
        dashboard = dashboard_of(request)
        key = dashboard.settings.read_embed_key()
        shown = None if key is None else read_token(token, key, time.time_ns() // 1_000_000)
        if shown is None:
            raise ProblemError(Problem.NOT_FOUND)
        question = BudgetQuestion(app=shown.app, metric=shown.metric, limit=_MOST_BUDGETS)
        with dashboard.database.seen_by(platform("embed")) as view:
            found = budgets(view, dashboard.settings, dashboard.objectives.service_levels, question)
        item = next((one for one in found.items if (one["scope"], one["slo"]) == (shown.scope, shown.slo)), None)
        headers = {
            "Content-Security-Policy": f"default-src 'none'; frame-ancestors {' '.join(shown.origins)}",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "private, max-age=60",
        }
        return Response(_badge(shown, item), media_type="image/svg+xml", headers=headers)


def _badge(shown: Embed, item: dict[str, Any] | None) -> str:
    state = BudgetState.NO_DATA if item is None else BudgetState(item["state"])
    words, colour = _WORDS[state]
    title = METRICS[shown.metric].display_name(shown.scope)
    total = 0 if item is None else item["goodCount"] + item["badCount"]
    figures = "no event in the period"
    if item is not None and total:
        reached = 100 * item["goodCount"] / total
        period = number_of(item["periodDays"], "day")
        figures = f"{reached:.4g} % of {number_of(total, 'event')} in {period}; target {item['target']}"
    return _SVG.format(
        label=escape(f"{title}: {words}, {figures}"),
        title=escape(title),
        figures=escape(figures),
        state=words,
        colour=colour,
    )
