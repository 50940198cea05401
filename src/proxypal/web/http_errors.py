"""The one table from error to HTTP status, and how an error looks: JSON for programs, a page else.

Must not enter: what a single endpoint does.
"""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from proxypal.errors import (
    AlreadyUndone,
    BackupNotFound,
    CannotWrite,
    ImportOutdated,
    LogNotFound,
    ProxypalError,
    QueueError,
    StorageFull,
    StoreBusy,
    StoreClosed,
    UnreadableInput,
    WrongUsage,
)
from proxypal.web.plain_page import paragraph, plain_page

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (WrongUsage, 400),
    (msgspec.DecodeError, 400),
    (BackupNotFound, 404),
    (LogNotFound, 404),
    (AlreadyUndone, 409),
    (ImportOutdated, 409),
    (UnreadableInput, 422),
    (StoreBusy, 503),
    (StoreClosed, 503),
    (StorageFull, 507),
    (CannotWrite, 507),
    (QueueError, 502),
    (ProxypalError, 500),
)
"""The first class that fits decides. What is not listed is a bug: 500, and told on stderr."""

BUG = (
    "This is a mistake in proxypal; what happened is told where it was started. "
    "Nothing was half done."
)

_RETRY_AFTER_S = "2"
_TITLES = {
    400: "This cannot be answered",
    401: "Please log in",
    403: "Not allowed",
    404: "Nothing is here",
    405: "Not done that way",
    408: "Too slow",
    413: "Too large",
    421: "Not this server",
    500: "Something went wrong",
    503: "Not now",
    507: "Cannot write",
}
_SENTENCES = {
    404: "There is no such address here. The overview is at /, the API is described at /api.",
    405: "This address does not take that method.",
}
_FOR_PROGRAMS = ("/api/", "/healthz", "/metrics")


class ErrorText(msgspec.Struct, frozen=True):
    """What is said of an error."""

    message: str


class ErrorBody(msgspec.Struct, frozen=True):
    """How every error of the API looks."""

    error: ErrorText


def status_of(error: Exception) -> int | None:
    """The HTTP status of an error; None if it is a bug."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), None)


def error_response(
    request: Request, status: int, message: str, headers: dict[str, str] | None = None
) -> Response:
    """An error as whoever asked can read it."""
    more = dict(headers or {})
    if status == 503:
        more.setdefault("retry-after", _RETRY_AFTER_S)
    if not wants_page(request):
        body = msgspec.json.encode(ErrorBody(ErrorText(message)))
        return Response(body, status, more, media_type="application/json")
    shown = f'{paragraph(message)}<p><a href="/">Overview</a></p>'
    return HTMLResponse(plain_page(_TITLES.get(status, f"Error {status}"), shown), status, more)


def wants_page(request: Request) -> bool:
    """Whether whoever asks looks at pages: not at the API, and with a browser."""
    path: str = request.scope["path"]
    return not path.startswith(_FOR_PROGRAMS) and "text/html" in request.headers.get("accept", "")


def response_of(request: Request, error: Exception) -> Response | None:
    """The answer for an error an endpoint raised; None if it is a bug."""
    if isinstance(error, HTTPException):
        message = _SENTENCES.get(error.status_code, error.detail)
        return error_response(request, error.status_code, message, dict(error.headers or {}))
    status = status_of(error)
    return None if status is None else error_response(request, status, str(error))
