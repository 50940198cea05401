"""A bare Starlette that answers each file of a folder as a constant: what HTTP alone costs.

`python -m benchmarks.pages_constant FOLDER` prints its address. It compresses as we do.
"""

import asyncio
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from proxypal.web.serving import listening_at, url_of

_COMPRESS_LEVEL = 5


def _answering(body: bytes) -> Response:
    return Response(body, media_type="text/html")


def main(folder: str) -> None:
    """Serve until terminated."""
    bodies = {path.name: path.read_bytes() for path in Path(folder).iterdir()}

    async def answer(request: Request) -> Response:
        return _answering(bodies[request.path_params["name"]])

    app = Starlette(
        routes=[Route("/{name}", answer)],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=_COMPRESS_LEVEL)],
    )
    sockets = listening_at("127.0.0.1", 0)
    print(url_of("127.0.0.1", sockets), flush=True)
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", http="h11")
    asyncio.run(uvicorn.Server(config).serve(sockets))


if __name__ == "__main__":
    main(*sys.argv[1:])
