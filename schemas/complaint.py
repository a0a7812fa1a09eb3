"""What is wrong with a record, in one line for the person who repairs its producer."""

from pydantic import ValidationError

_SHOWN = 5  # a list with a thousand bad entries needs no thousand complaints


def complaint(error: ValidationError) -> str:
    """For example `statusCode: Input should be a valid integer; time: Field required`; safe to log."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [_line(problem["loc"], problem["type"], problem["msg"]) for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(lines)


def _line(location: tuple[str | int, ...], kind: str, message: str) -> str:
    if kind == "model_type" and not location:
        return "The value is not a JSON object"
    return f"{'.'.join(map(str, location))}: {message.removeprefix('Value error, ')}"
