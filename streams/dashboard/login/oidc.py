"""Login by OpenID Connect: code flow with PKCE, state and nonce, all of it Authlib's; we ask only what its answer says.

What has to be remembered between the two requests is in a signed cookie of ten minutes.
"""

from hashlib import sha256
from typing import Any, Final

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import Request, Response
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.middleware.sessions import SessionMiddleware
from starlette.types import ASGIApp

from streams.dashboard.login.claims import viewer_by_groups
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer

CALLBACK: Final = "/login/callback"
_STATE_S: Final = 600


class OidcError(Exception):
    """Nobody was logged in; says why, for the log."""


class Oidc:
    """An issuer that logs people in."""

    def __init__(self, settings: DashboardSettings) -> None:
        self._settings = settings
        issuer = (settings.oidc_issuer or "").rstrip("/")
        self._client: Any = OAuth().register(
            "issuer",
            client_id=settings.oidc_client_id,
            client_secret=settings.read_oidc_client_secret(),
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": settings.oidc_scope, "code_challenge_method": "S256", "timeout": 10},
        )

    async def begin(self, request: Request) -> Response:
        """Send the browser to the issuer."""
        try:
            answer: Response = await self._client.authorize_redirect(request, self._settings.base_url + CALLBACK)
        except (OAuthError, HTTPError, OSError, ValueError) as problem:
            raise OidcError(f"the issuer does not answer as it should: {problem}") from problem
        return answer

    async def finish(self, request: Request) -> Viewer:
        """Who has come back.

        Raises:
            OidcError: nobody whom the issuer vouches for.
        """
        try:
            token = await self._client.authorize_access_token(request)
            claims = await self._claims(token)
        except (OAuthError, HTTPError, JoseError, OSError, ValueError, KeyError) as problem:
            raise OidcError(f"the login was not finished: {problem}") from problem
        groups = claims.get(self._settings.oidc_groups_claim, [])
        name = _name_in(claims)
        return viewer_by_groups(self._settings, name, groups if isinstance(groups, list) else [groups])

    async def _claims(self, token: dict[str, Any]) -> dict[str, Any]:
        """Of the ID token; where that does not tell the groups, the issuer is asked for more of the same person."""
        claims: dict[str, Any] = token.get("userinfo") or {}
        metadata = await self._client.load_server_metadata()
        if self._settings.oidc_groups_claim in claims or "userinfo_endpoint" not in metadata:
            return claims
        more: dict[str, Any] = await self._client.userinfo(token=token)
        return {**more, **claims} if more.get("sub") == claims.get("sub") else claims


def _name_in(claims: dict[str, Any]) -> str:
    """What somebody is called: an address only if the issuer saw that it is his: anybody may say another's."""
    email = claims.get("email") if claims.get("email_verified") is True else None
    name = email or claims.get("preferred_username") or claims.get("sub")
    if not isinstance(name, str) or not name:
        raise OidcError("the issuer does not say who it is")
    return name


def with_login_state(app: ASGIApp, settings: DashboardSettings) -> ASGIApp:
    """The app, with the signed cookie that a login is remembered by; any process of this client can read it."""
    key = sha256(b"slo-streams login state " + (settings.read_oidc_client_secret() or "").encode()).hexdigest()
    return SessionMiddleware(
        app,
        key,
        session_cookie="slo-login",
        max_age=_STATE_S,
        same_site="lax",
        https_only=settings.base_url.startswith("https:"),
    )
