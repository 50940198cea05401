"""Our own style sheets and scripts: kept by browsers, and asked for again only if they changed.

Must not enter: anything recorded.
"""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASKED_AGAIN = "no-cache"
"""Kept, but shown only after the server said by `ETag` that it is still the same: an update of
proxypal must not meet scripts of the last one."""


class OwnStaticFiles(StaticFiles):
    """The files of a directory."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """See `StaticFiles.get_response`."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = ASKED_AGAIN
        return response
