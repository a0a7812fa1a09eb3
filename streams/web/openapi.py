"""The OpenAPI document of an application, as FastAPI tells it: what each interface checks itself is added to it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi


def described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the routes; `components.schemas` is there, however empty."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        servers=app.servers,
        license_info=app.license_info,
    )
    document.setdefault("components", {}).setdefault("schemas", {})
    return document
