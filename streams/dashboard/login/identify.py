"""Whose request it is."""

import hmac
import time
from hashlib import sha256
from typing import Final

from fastapi import Request

from streams.commas import by_commas
from streams.dashboard.database import Database
from streams.dashboard.login.claims import viewer_by_groups
from streams.dashboard.login.sessions import find_session
from streams.dashboard.login.tokens import viewer_of_token
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer
from streams.web.failures import FailureLimit, address_of
from streams.web.networks import is_in
from streams.web.problem import Problem, ProblemError

SECRET_HEADER: Final = "X-Slo-Proxy-Secret"  # noqa: S105  the name of a header
USER_HEADER: Final = "X-Forwarded-User"
GROUPS_HEADER: Final = "X-Forwarded-Groups"
_FAILURES_A_MINUTE: Final = 30


class Logins:
    """Tells who a request comes from: a token, the word of a trusted proxy, or a session, in this order."""

    def __init__(self, settings: DashboardSettings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._proxy_secret = settings.read_proxy_secret()
        self._failures = FailureLimit(_FAILURES_A_MINUTE, _FAILURES_A_MINUTE, time.monotonic)

    def __call__(self, request: Request) -> Viewer | None:
        """Who asks; None: nobody that is known. `request.state.form_token` is what has to come with their forms.

        Raises:
            ProblemError: TOO_MANY_FAILURES, NO_DATABASE.
        """
        request.state.form_token = None
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return self._by_token(request, authorization)
        return self._by_proxy(request) or self._by_session(request)

    def _by_token(self, request: Request, authorization: str) -> Viewer | None:
        address = address_of(request, self._settings.dashboard_trusted_proxies)
        wait_s = self._failures.wait_s(address, authorization)
        if wait_s:
            raise ProblemError(Problem.TOO_MANY_FAILURES, retry_after_s=wait_s)
        scheme, _, token = authorization.partition(" ")
        with self._database.desk() as connection:
            viewer = viewer_of_token(connection, token.strip()) if scheme.lower() == "bearer" else None
        if viewer is None:
            self._failures.failed(address)
        else:
            self._failures.succeeded(address, authorization)
        return viewer

    def _by_proxy(self, request: Request) -> Viewer | None:
        """Believed only from the proxy's address and with the secret that it shares with us."""
        client = request.client.host if request.client is not None else ""
        given = request.headers.get(SECRET_HEADER, "").encode()
        if not self._proxy_secret or not is_in(client, self._settings.dashboard_trusted_proxies):
            return None
        if not hmac.compare_digest(sha256(given).digest(), sha256(self._proxy_secret.encode()).digest()):
            return None
        names, groups = (request.headers.getlist(one) for one in (USER_HEADER, GROUPS_HEADER))
        if len(names) != 1 or len(groups) > 1:  # or a caller's own could come before the proxy's
            return None
        name = names[0].strip()
        if not name:
            return None
        request.state.form_token = hmac.new(self._proxy_secret.encode(), name.encode(), sha256).hexdigest()
        return viewer_by_groups(self._settings, name, by_commas(",".join(groups)))

    def _by_session(self, request: Request) -> Viewer | None:
        secret = request.cookies.get(self._settings.session_cookie)
        if secret is None:
            return None
        with self._database.desk() as connection:
            session = find_session(connection, secret)
        if session is None:
            return None
        request.state.form_token = session.form_token
        return session.viewer
