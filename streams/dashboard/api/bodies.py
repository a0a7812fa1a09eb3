"""Bodies of calls: JSON of a model, from a program with a token or from a page of ours."""

from typing import Final, TypeVar

import orjson
from fastapi import Request
from pydantic import BaseModel, ValidationError

from streams.dashboard.login.forms import check_origin
from streams.web.body import media_type, read_body
from streams.web.problem import Problem, ProblemError

BODY_PROBLEMS: Final = (
    Problem.BAD_REQUEST,
    Problem.NOT_LOGGED_IN,
    Problem.NOT_ALLOWED,
    Problem.TOO_SLOW,
    Problem.TOO_LARGE,
    Problem.CONTENT_TYPE,
    Problem.CODING,
    Problem.NO_DATABASE,
)
"""What can be wrong with any of them, and with who sends it."""

Model = TypeVar("Model", bound=BaseModel)


async def body_of(request: Request, model: type[Model]) -> Model:
    """The body, as the model has it.

    Raises:
        ProblemError: it is none, or comes from another site.
    """
    if "authorization" not in request.headers:
        check_origin(request)
    if media_type(request) != "application/json":
        raise ProblemError(Problem.CONTENT_TYPE)
    try:
        return model.model_validate(orjson.loads(await read_body(request)))
    except orjson.JSONDecodeError:
        raise ProblemError(Problem.BAD_REQUEST, fault="the body is no JSON") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        fault = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ProblemError(Problem.BAD_REQUEST, fault=fault) from None


def takes(model: type[BaseModel]) -> dict[str, object]:
    """What the document says of such a body."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
