"""`POST /events/{metric}`: services send events of any metric, one or a thousand in a call, and hear about each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson
from fastapi import FastAPI, Request, Response

from streams.gateway.documentation import events_documentation
from streams.gateway.gateway import Gateway
from streams.gateway.lines import METRIC_OF, Fault, is_single, numbered_lines, read_event
from streams.gateway.outbox import RETRY_AFTER_S, OutRecord
from streams.web.body import media_type, read_body
from streams.web.failures import address_of
from streams.web.headers import header
from streams.web.problem import Problem, ProblemError

NAME: Final = "events"


def add_events(app: FastAPI, gateway: Gateway) -> None:
    """Events of services that have a token."""

    @app.post("/events/{metric}", name=NAME, **events_documentation())
    async def events(request: Request) -> Response:
        service = _service(gateway, request)
        metric = METRIC_OF.get(request.path_params["metric"])
        if metric is None:
            raise ProblemError(Problem.NO_SUCH_METRIC, fault=f"Send to one of {', '.join(METRIC_OF)}")
        single = is_single(media_type(request))
        body = await read_body(request)
        lines = [(1, body)] if single else numbered_lines(body)
        if not lines:
            raise ProblemError(Problem.BAD_REQUEST, fault="The body holds no event")
        topic = gateway.topics.input(metric)
        read = [(number, read_event(line, metric, topic)) for number, line in lines]
        if single and isinstance(read[0][1], Fault):
            raise ProblemError(read[0][1].problem, fault=read[0][1].fault)
        records = [one for _, one in read if isinstance(one, OutRecord)]
        confirmed = await gateway.send(service, records)
        if records and not any(confirmed):
            raise ProblemError(Problem.NOT_STORED, retry_after_s=RETRY_AFTER_S)
        outcomes = dict(_outcomes(read, confirmed))
        outcome, status = _summary(outcomes)
        gateway.metrics.answered(NAME, outcome)
        return Response(orjson.dumps(_told(outcomes)), status, media_type="application/json")


def _service(gateway: Gateway, request: Request) -> str:
    """The service that calls, by its token.

    Raises:
        ProblemError: SERVICE_TOKEN, TOO_MANY_FAILURES.
    """
    address, authorization = address_of(request, gateway.proxies), header(request, b"authorization")
    wait_s = gateway.failures.wait_s(address, authorization)
    if wait_s:
        raise ProblemError(Problem.TOO_MANY_FAILURES, retry_after_s=wait_s)
    service = gateway.services.name_of(authorization)
    if service is None:
        gateway.failures.failed(address)
        raise ProblemError(Problem.SERVICE_TOKEN)
    gateway.failures.succeeded(address, authorization)
    return service


def _summary(outcomes: Mapping[int, Fault | None]) -> tuple[str, int]:
    """What metrics call it, and the HTTP status."""
    if not any(outcomes.values()):
        return "ok", 200
    return ("partly", 207) if None in outcomes.values() else (Problem.BAD_REQUEST.code, Problem.BAD_REQUEST.status)


def _outcomes(
    read: Iterable[tuple[int, OutRecord | Fault]], confirmed: Iterable[bool]
) -> Iterator[tuple[int, Fault | None]]:
    stored = iter(confirmed)
    for number, one in read:
        if isinstance(one, Fault):
            yield number, one
        else:
            yield number, None if next(stored) else Fault(Problem.NOT_STORED)


def _told(outcomes: Mapping[int, Fault | None]) -> dict[str, object]:
    """The document of an answer."""
    lines: list[dict[str, object]] = []
    for number, fault in outcomes.items():
        if fault is None:
            lines.append({"line": number, "status": 200})
            continue
        problem = fault.problem
        line = {"line": number, "status": problem.status, "code": problem.code, "detail": problem.sentence}
        lines.append(line if fault.fault is None else line | {"fault": fault.fault})
    accepted = sum(fault is None for fault in outcomes.values())
    return {"accepted": accepted, "refused": len(outcomes) - accepted, "lines": lines}
