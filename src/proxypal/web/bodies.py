"""The body of a request, read within a limit: into memory, or into a private temporary file.

Must not enter: what a body means.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MEMORY_LIMIT = 1 << 20
FILE_LIMIT = 512 << 20
WAIT_S = 30.0
"""A client that sends nothing for so long is not waited for."""

_DRAINED = 8 << 20
"""Whoever sends a little too much reads our answer only after it was let finish."""

_PIECE = 1 << 20


async def read_body(request: Request, limit: int = MEMORY_LIMIT) -> bytes:
    """The whole body.

    Raises:
        HTTPException: 413, it is larger than `limit` bytes; 408, it did not come.
    """
    body = bytearray()
    async with contextlib.aclosing(_pieces(request, limit)) as pieces:
        async for piece in pieces:
            body += piece
    return bytes(body)


@contextlib.asynccontextmanager
async def body_in_file(request: Request, limit: int = FILE_LIMIT) -> AsyncIterator[Path]:
    """The whole body in a file that only we can read, and that is gone afterwards.

    Raises:
        HTTPException: as `read_body`; 507, there is no space for it.
    """
    with tempfile.TemporaryDirectory(prefix="proxypal-") as directory:
        path = Path(directory) / "body"
        try:
            await _fill(path, request, limit)
        except OSError as error:
            reason = error.strerror or str(error)
            raise HTTPException(507, f"Cannot keep what was sent: {reason}.") from error
        yield path


async def _fill(path: Path, request: Request, limit: int) -> None:
    with path.open("wb") as file:
        waiting = bytearray()
        async with contextlib.aclosing(_pieces(request, limit)) as pieces:
            async for piece in pieces:
                waiting += piece
                if len(waiting) >= _PIECE:
                    await run_in_threadpool(file.write, bytes(waiting))
                    waiting.clear()
        await run_in_threadpool(file.write, bytes(waiting))


async def _pieces(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    told = request.headers.get("content-length", "")
    is_too_large = told.isdigit() and int(told) > limit
    received = 0
    stream = request.stream()
    while True:
        try:
            piece = await asyncio.wait_for(anext(stream), WAIT_S)
        except StopAsyncIteration:
            break
        except TimeoutError as error:
            raise HTTPException(408, f"Nothing came for {WAIT_S:.0f} s.") from error
        except ClientDisconnect as error:
            raise HTTPException(400, "The client went away.") from error
        received += len(piece)
        is_too_large = is_too_large or received > limit
        if not is_too_large:
            yield piece
        elif received > _DRAINED + limit or (told.isdigit() and int(told) > _DRAINED + limit):
            break
    if is_too_large:
        raise HTTPException(413, f"At most {limit:,} bytes are taken at once.")
