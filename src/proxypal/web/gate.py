"""The gate before everything: wrong names, foreign pages and strangers get no further.

Must not enter: the rules (`access`).
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from proxypal.web.access import (
    COOKIE,
    Access,
    is_foreign_reading,
    is_own_page,
    needs_no_token,
)
from proxypal.web.http_errors import error_response, wants_page

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
WRONG_NAME = (
    "This server is not called that. If the name is yours, start it with `--allow-host NAME`."
)
FOREIGN_PAGE = "A page of another site may neither change nor load anything here."
HOW_TO_LOG_IN = (
    "A token is needed: send it as `Authorization: Bearer TOKEN`. It is in the file that "
    "`proxypal serve` names when it starts."
)


class Gate:
    """Middleware that answers whatever must not get through."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application, as they are called."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # a WebSocket is never accepted
        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._access.knows_host(hosts[0]):
            return error_response(request, 421, WRONG_NAME)
        site = headers.get("sec-fetch-site")
        if request.method in _READING:
            is_foreign = is_foreign_reading(site, headers.get("sec-fetch-mode"))
        else:
            is_foreign = not is_own_page(headers.get("origin"), site, hosts[0])
        if is_foreign:
            return error_response(request, 403, FOREIGN_PAGE)
        if needs_no_token(request.scope["path"]):
            return None
        if self._access.admits(headers.get("authorization"), request.cookies.get(COOKIE)):
            return None
        return _ask_for_token(request)


def _ask_for_token(request: Request) -> Response:
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if request.method == "GET" and wants_page(request):
        back = f"{path}?{query}" if query else path
        return RedirectResponse(f"/login?next={quote(back, safe='')}", 303)
    return error_response(
        request, 401, HOW_TO_LOG_IN, {"www-authenticate": 'Bearer realm="proxypal"'}
    )
