"""`PUT .../addons-metrics/{addon_key}/publish`: an app tells how its iframes loaded and its synthetic tests went."""

from typing import Final

from fastapi import FastAPI, Request, Response

from streams.gateway.connect_token import Publisher, verify
from streams.gateway.documentation import publish_documentation
from streams.gateway.gateway import Gateway
from streams.gateway.metrics import APP
from streams.gateway.outbox import RETRY_AFTER_S
from streams.gateway.results import read_results, records_of
from streams.gateway.used_tokens import NotClaimedError
from streams.web.body import media_type, read_body
from streams.web.headers import header
from streams.web.problem import Problem, ProblemError

PATH: Final = "/rest/atlassian-connect/latest/addons-metrics/{addon_key}/publish"
NAME: Final = "publish"

_PUBLISHED: Final = Response(status_code=204)


def add_publish(app: FastAPI, gateway: Gateway) -> None:
    """The publish API of the programme."""

    @app.put(PATH, name=NAME, **publish_documentation())
    async def publish(request: Request) -> Response:
        installed = (await _admit(gateway, request)).installed
        if media_type(request) not in ("application/json", ""):
            raise ProblemError(Problem.CONTENT_TYPE, fault="Say application/json")
        results = read_results(await read_body(request), installed.product)
        records = list(records_of(results, installed, gateway.now_ms(), gateway.topics))
        if not all(await gateway.send(APP, records)):
            raise ProblemError(Problem.NOT_STORED, retry_after_s=RETRY_AFTER_S)
        gateway.metrics.answered(NAME, "ok")
        return _PUBLISHED


async def _admit(gateway: Gateway, request: Request) -> Publisher:
    """The verified publisher, decided before the first byte of the body is read.

    Raises:
        ProblemError: nobody who may publish for this app, or not now.
    """
    scope = request.scope
    raw_path, raw_query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    authorization, now_s = header(request, b"authorization"), gateway.now_ms() / 1_000
    publisher = verify(authorization, scope["method"], raw_path, raw_query, gateway.installations.find, now_s)
    app_key = publisher.installed.app_key
    if request.path_params["addon_key"] != app_key:
        raise ProblemError(Problem.NOT_ALLOWED_FOR_APP)
    wait_s = gateway.rate.wait_s(app_key)
    if wait_s:
        raise ProblemError(Problem.TOO_OFTEN, retry_after_s=wait_s)
    if gateway.tokens.is_full or gateway.is_stuck:
        raise ProblemError(Problem.BUSY, retry_after_s=RETRY_AFTER_S)
    try:
        is_first = await gateway.tokens.is_first_use(publisher.fingerprint)
    except NotClaimedError:
        raise ProblemError(Problem.BUSY, retry_after_s=RETRY_AFTER_S) from None
    if not is_first:
        raise ProblemError(Problem.TOKEN_ALREADY_USED)
    return publisher
