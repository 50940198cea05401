"""Which requests of the proxy are model calls, and what of a path may be kept.

The table follows CLIProxyAPI's routes (internal/api/server_routes.go v6.0-v7.2.140 and
internal/api/modules/amp/routes.go until v7.1). Paths are untrusted text of any length.
Must not enter: which provider or model a path speaks for (`records.detection`).
"""

import re
from functools import lru_cache
from urllib.parse import unquote

_POST_PATHS = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/messages",
        "/v1/responses",
        "/v1/responses/compact",
        "/v1/embeddings",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/videos",
        "/v1/videos/generations",
        "/v1/videos/edits",
        "/v1/videos/extensions",
        "/openai/v1/videos",
        "/backend-api/codex/responses",
        "/backend-api/codex/responses/compact",
        "/v1beta/interactions",
        "/v1internal:generateContent",
        "/v1internal:streamGenerateContent",
        "/v1/alpha/search",
        "/backend-api/codex/alpha/search",
    }
)
_GENERATE = r"[^:]+:(?:streamG|g)enerateContent"
_POST_PATTERN = re.compile(
    rf"/v1beta/models/{_GENERATE}"
    r"|/api/provider/[^/]+/(?:"
    r"(?:v1/)?(?:chat/completions|completions|responses)"
    rf"|v1/messages|v1beta/models/{_GENERATE})"
    rf"|/api/provider/google/v1beta1/publishers/google/models/{_GENERATE}"
)
_SOCKET_PATHS = frozenset({"/v1/responses", "/backend-api/codex/responses"})
_REALTIME_PATTERN = re.compile(r"/v1/(?:realtime|live)(?:/.*)?", re.DOTALL)
_REALTIME_HELPERS = frozenset(
    {
        "client_secrets",
        "sessions",
        "transcription_sessions",
        "hangup",
        "accept",
        "reject",
        "refer",
    }
)

_CACHED_CHARS = 256
_READ_QUERY_CHARS = 4096


def is_model_call(method: str, path: str, status: int) -> bool:
    """Whether a line of the access log is a request to a model; its `?query` does not matter.

    A refused or failed call (401, 429, 5xx...) is a call. Of GET only the websockets are, and
    with 404 not even these: the proxy answers so where it has no such route. Realtime (`/v1/live`,
    `/v1/realtime`) and search (`.../alpha/search`) are calls, though the proxy keeps no usage
    records of them; creating sessions and steering calls under realtime are not.

    Counting tokens, listing models, asking for a video's state, management, telemetry, OPTIONS,
    HEAD and everything unknown is no call.
    """
    if len(path) > _CACHED_CHARS:
        return _is_model_call.__wrapped__(method, path.partition("?")[0], status)
    return _is_model_call(method, path, status)


@lru_cache(maxsize=4096)
def _is_model_call(method: str, path: str, status: int) -> bool:
    path = path.partition("?")[0]
    if method == "POST":
        if path in _POST_PATHS or _POST_PATTERN.fullmatch(path):
            return True
    elif method != "GET" or status == 404:
        return False
    elif path in _SOCKET_PATHS:
        return True
    return bool(_REALTIME_PATTERN.fullmatch(path)) and _REALTIME_HELPERS.isdisjoint(path.split("/"))


_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|auth|credential|signature|\bsig\b|session|cookie|jwt|bearer"
    r"|\bcode\b|\bstate\b"
)
_SECRET_VALUE = re.compile(
    r"sk-|AIza|ya29\.|eyJ|gh[pousr]_|github_pat_|xox|Bearer|Basic", re.IGNORECASE
)


def path_without_secrets(path: str) -> str:
    """The path with the values of its query's secret-like parameters dropped.

    `?alt=sse&key=AIza...IJKL` becomes `?alt=sse&key=`: a masked key is dropped as well. A query
    is read up to 4,096 characters, the rest is cut off.
    """
    bare, mark, query = path.partition("?")
    if not mark:
        return path
    pairs = query[:_READ_QUERY_CHARS].split("&")
    return f"{bare}?{'&'.join(_pair_without_secret(pair) for pair in pairs)}"


def _pair_without_secret(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return "" if _SECRET_VALUE.search(unquote(name)) else name
    if _SECRET_NAME.search(unquote(name).lower()) or _SECRET_VALUE.search(unquote(value)):
        return f"{name}="
    return pair
