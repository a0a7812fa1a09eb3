"""Connect tokens made by hand, as an app's own framework makes them: nothing here is shared with the gateway."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from typing import Any

SECRET = "a-shared-secret-of-forty-characters-long"  # noqa: S105

_numbers = itertools.count()


def publish_path(app_key: str) -> str:
    """Where an app publishes."""
    return f"/rest/atlassian-connect/latest/addons-metrics/{app_key}/publish"


def qsh(method: str, path: str, query: str = "") -> str:
    """The hash of a canonical request, its query already canonical."""
    return hashlib.sha256(f"{method}&{path}&{query}".encode()).hexdigest()


def claims(client_key: str, path: str, method: str = "PUT", **other: Any) -> dict[str, Any]:
    """What a token says; claims given as None are left out. Each has its own `jti`."""
    now_s = int(time.time())
    ordinary = {
        "iss": client_key,
        "iat": now_s,
        "exp": now_s + 180,
        "qsh": qsh(method, path),
        "jti": str(next(_numbers)),
    }
    return {name: value for name, value in {**ordinary, **other}.items() if value is not None}


def signed(said: Any, secret: str = SECRET, header: dict[str, Any] | None = None, digest: str = "sha256") -> str:
    """A token with these claims."""
    parts = [_b64(json.dumps(part).encode()) for part in (header or {"typ": "JWT", "alg": "HS256"}, said)]
    signature = hmac.digest(secret.encode(), ".".join(parts).encode(), digest)
    return ".".join([*parts, _b64(signature)])


def authorization(client_key: str, app_key: str, secret: str = SECRET) -> dict[str, str]:
    """The header of one call to publish."""
    return {"Authorization": f"JWT {signed(claims(client_key, publish_path(app_key)), secret)}"}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
