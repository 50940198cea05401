"""The application: every endpoint of every module, behind the gate.

Must not enter: what a single endpoint does; the server that runs it (`serving`).
"""

import importlib
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import anyio.to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from proxypal.web.access import Access
from proxypal.web.bodies import body_in_file, read_body
from proxypal.web.endpoints import Call, Endpoint
from proxypal.web.gate import Gate
from proxypal.web.http_errors import BUG, error_response, response_of
from proxypal.web.security_headers import SecurityHeaders
from proxypal.web.services import Services
from proxypal.web.static_files import OwnStaticFiles

MODULES: tuple[str, ...] = (
    "proxypal.web.pages_login",
    "proxypal.web.pages_overview",
    "proxypal.web.pages_requests",
    "proxypal.web.pages_settings",
    "proxypal.web.api_reading",
    "proxypal.web.api_query",
    "proxypal.web.api_recording",
    "proxypal.web.api_control",
    "proxypal.web.api_exports",
    "proxypal.web.events",
    "proxypal.web.api_health",
    "proxypal.web.api_metrics",
    "proxypal.web.api_document",
)
"""The modules whose `ENDPOINTS` are served."""

STATIC = Path(__file__).parent / "static"

THREADS = 16
"""As many answers are computed at once; more would only wait for the store."""

_COMPRESSED_FROM_BYTES = 1024
_COMPRESS_LEVEL = 5
_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
"""What a route takes; what an endpoint does not is answered with 405."""


def all_endpoints() -> list[Endpoint]:
    """Every endpoint, in the order of `MODULES`."""
    return [endpoint for name in MODULES for endpoint in importlib.import_module(name).ENDPOINTS]


def create_app(
    services: Services, access: Access, endpoints: Iterable[Endpoint] | None = None
) -> Starlette:
    """The application over `services`.

    Args:
        services: what the endpoints stand on.
        access: who is let in.
        endpoints: None for `all_endpoints()`.

    Raises:
        ValueError: two endpoints have the same method and path.
    """
    served = list(all_endpoints() if endpoints is None else endpoints)
    by_path = _by_path(served)
    app = Starlette(
        routes=[
            *(
                Route(path, _answering(services, methods), methods=list(_METHODS))
                for path, methods in by_path.items()
            ),
            Mount("/static", OwnStaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Gate, access=access),
            Middleware(
                GZipMiddleware,
                minimum_size=_COMPRESSED_FROM_BYTES,
                compresslevel=_COMPRESS_LEVEL,
            ),
        ],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.access = access
    app.state.endpoints = served
    return app


def _by_path(endpoints: Iterable[Endpoint]) -> dict[str, dict[str, Endpoint]]:
    found: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        methods = found.setdefault(endpoint.path, {})
        if endpoint.method in methods:
            raise ValueError(f"{endpoint.method} {endpoint.path} is served twice")
        methods[endpoint.method] = endpoint
    # What has no parameter goes before what has: /requests/export before /requests/{id}.
    return dict(sorted(found.items(), key=lambda item: "{" in item[0]))


def _answering(services: Services, methods: Mapping[str, Endpoint]) -> Callable[[Request], object]:
    """What answers the requests for one path."""
    allowed = ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        endpoint = methods.get(method)
        if method == "OPTIONS":
            return Response(status_code=204, headers={"allow": allowed})
        if endpoint is None:
            raise HTTPException(405, headers={"allow": allowed})
        response = await _handled(services, endpoint, request)
        if request.method == "HEAD":
            # A stream would never end; the length of what was not made stays what it would be.
            return _without_body(response)
        return response

    return answer


def _without_body(response: Response) -> Response:
    bare = Response(status_code=response.status_code)
    bare.raw_headers = response.raw_headers
    return bare


async def _handled(services: Services, endpoint: Endpoint, request: Request) -> Response:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    try:
        if endpoint.takes_file:
            async with body_in_file(request) as path:
                return await _run(endpoint, Call(services, request, file=path))
        body = b"" if endpoint.method == "GET" else await read_body(request)
        return await _run(endpoint, Call(services, request, body))
    except Exception as error:  # noqa: BLE001 - what is no error of ours is told below, as a bug
        response = response_of(request, error)
        if response is None:
            _tell_bug(request, error)
            response = error_response(request, 500, BUG)
        return response


async def _run(endpoint: Endpoint, call: Call) -> Response:
    return await run_in_threadpool(endpoint.handle, call)


def _tell_bug(request: Request, error: Exception) -> None:
    """On stderr, where whoever runs the server looks; the query string is left out."""
    shown = "".join(traceback.format_exception(error))
    sys.stderr.write(f"proxypal: {request.method} {request.scope['path']!r} failed:\n{shown}")
    sys.stderr.flush()


async def _refused(request: Request, error: Exception) -> Response:
    return response_of(request, error) or error_response(request, 500, BUG)


async def _failed(request: Request, error: Exception) -> Response:
    _tell_bug(request, error)
    return error_response(request, 500, BUG)
