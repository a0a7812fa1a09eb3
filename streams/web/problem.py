"""Every way an HTTP interface says no: a closed list of codes, HTTP statuses and constant sentences (RFC 9457)."""

from enum import Enum
from http import HTTPStatus
from typing import Final

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Enum):
    """Code, HTTP status and sentence. The sentences of the publish API are the programme's own."""

    WRONG_SIGNATURE = ("wrong-signature", 401, "Wrong authentication signature")
    TOKEN_OUT_OF_TIME = ("token-out-of-time", 401, "The token is expired, not yet valid, or valid for over 5 minutes")
    TOKEN_ALREADY_USED = ("token-already-used", 401, "The token was used before: sign a new one for every call")
    NO_INSTALLATION = (
        "no-installation",
        403,
        "Request is only allowed from the app server with a valid installation",
    )
    NOT_ALLOWED_FOR_APP = ("not-allowed-for-app", 403, "Request not allowed for appKey")
    NEGATIVE_LATENCY = ("negative-latency", 400, "Latency should not be a negative value")
    METRICS_TYPE = ("metrics-type-not-supported", 400, "Metrics type not supported")
    MODULE_TYPE = ("unknown-module-type", 400, "Unknown module type")
    BAD_REQUEST = ("bad-request", 400, "Bad Request")
    SERVICE_TOKEN = ("service-token", 401, "A valid service token is needed: Authorization: Bearer <token>")
    TOO_MANY_FAILURES = ("too-many-failures", 429, "Too many wrong tokens from this address: wait as Retry-After says")
    NOT_LOGGED_IN = ("not-logged-in", 401, "Log in, or send a token: Authorization: Bearer <token>")
    NOT_ALLOWED = ("not-allowed", 403, "Not allowed for who has logged in")
    REFUSED = ("refused", 409, "Not as things stand now")
    NO_SUCH_METRIC = ("no-such-metric", 404, "There is no such metric")
    NOT_FOUND = ("not-found", 404, "There is nothing here")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This is not done here by this method")
    CONTENT_TYPE = ("content-type", 415, "The Content-Type is none that is taken here")
    CODING = ("content-encoding", 415, "The Content-Encoding is not taken here: send gzip, or none")
    TOO_SLOW = ("too-slow", 408, "The body did not arrive in time")
    TOO_LARGE = ("too-large", 413, "The body is over 1 MB")
    TOO_MANY_EVENTS = ("too-many-events", 413, "These are over 1,000 events: send them in several calls")
    EVENT_TOO_LARGE = ("event-too-large", 413, "The event is over 64 KiB")
    TOO_OFTEN = ("too-often", 429, "Too many calls for this app: wait as Retry-After says, and send more in a call")
    NOT_STORED = ("not-stored", 503, "Kafka did not confirm the events in time: send them again")
    BUSY = ("busy", 503, "Too much waits for Kafka already, nothing was taken: send it again")
    NO_ISSUER = ("no-issuer", 503, "Who logs people in does not answer: try again as Retry-After says")
    NO_DATABASE = ("no-database", 503, "The database does not answer: try again as Retry-After says")
    NO_PARQUET = ("no-parquet", 501, "Parquet is not installed here: pip install 'slo-streams[parquet]'; CSV is there")
    INTERNAL = ("internal", 500, "The server is at fault, not the call")

    def __init__(self, code: str, status: int, sentence: str) -> None:
        self.code = code
        self.status = status
        self.sentence = sentence

    def document(self) -> dict[str, object]:
        """What an answer says of it."""
        return {
            "type": f"urn:slo-streams:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.sentence,
            "code": self.code,
        }


_BEARER: Final = (Problem.SERVICE_TOKEN, Problem.NOT_LOGGED_IN)


class ProblemDetails(BaseModel):
    """RFC 9457, with the stable `code` to tell problems apart by."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """`urn:slo-streams:` and the code."""
    title: str
    """The HTTP status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong, for people."""
    code: str
    """What is wrong, for programs."""
    index: int | None = None
    """Which of the results is at fault, from 0; absent when it is none in particular."""
    fault: str | None = None
    """The field at fault and why; absent when the detail says it all."""


class ProblemError(Exception):
    """A request is refused.

    `index` and `fault` point at the faulty part of the body, `retry_after_s` says when to try again.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        index: int | None = None,
        fault: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.index = index
        self.fault = fault
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """The answer that says so."""
        return Response(orjson.dumps(self._document()), self.problem.status, self.headers, MEDIA_TYPE)

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says beside its body."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        if self.problem.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer" if self.problem in _BEARER else "JWT"
        if self.problem is Problem.CODING:
            headers["Accept-Encoding"] = "gzip"
        return headers

    def _document(self) -> dict[str, object]:
        document = self.problem.document()
        if self.index is not None:
            document["index"] = self.index
        if self.fault is not None:
            document["fault"] = self.fault
        return document
