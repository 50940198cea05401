"""The message of an access line: `STATUS | LATENCY | IP | METHOD "PATH"` and what forks add.

CLIProxyAPI internal/logging/gin_logger.go, v6.0-v7.2.140. The path is printed decoded and
unescaped, so it can hold quotes, bars and line breaks. Must not enter: the envelope before the
message (`sources.log_line`).
"""

import re
from functools import lru_cache

import msgspec

from proxypal.records.endpoints import path_without_secrets
from proxypal.records.request import MAX_PATH_CHARS, shorten
from proxypal.sources.go_duration import duration_ms
from proxypal.sources.log_entries import AccessLine, Rejected, UnclosedLine

_STATUSES = {f"{status:3d}": status for status in range(1000)}
_CACHED_REQUEST_CHARS = 300
_CACHED_LATENCY_CHARS = 20
_TAIL_CHARS = 1000

_REQUEST_START = re.compile(r' \| +(?P<request>[^\s"]+ +")')
# `502 | 20.87s | upstream execution failed: ...` is an attempt and no answer to a client.
_FAILED_ATTEMPT = re.compile(r".{3} \| +[^ |]{1,40} \| upstream execution failed: ")
_METHOD = re.compile(r'[^\s"]+ +"')
_TAIL = re.compile(r'" (?=\||\[credits\]|[a-z_]{1,40}=)')
_TAIL_MODEL = re.compile(r'[|\s]model="?([^\s|"]+)')
_TAIL_PROVIDER = re.compile(r'[|\s]provider="?([^\s|"]+)')
_TAIL_QUOTED = re.compile(r'\b(?!model=|provider=)\w+="[^"]*"?')
_TAIL_COLUMNS = re.compile(r" \| ([\w./:()@+-]+) \| ([A-Za-z][\w-]*):[^|]+(?: \||$)")


class _Request(msgspec.Struct, frozen=True, gc=False):
    """METHOD "PATH" TAIL, read."""

    method: str
    path: str
    tail: str
    model: str | None
    provider: str | None


def read_access(
    timestamp: str, request_id: str | None, message: str
) -> AccessLine | UnclosedLine | Rejected | None:
    """An access message, None if it only begins like one."""
    columns = message.split(" | ", 4)
    if len(columns) == 4:
        status_text, latency_text, address, request_text = columns
        status = _STATUSES.get(status_text)
        # Agents repeat a few requests and latencies all day: both are read once.
        if (
            status is not None
            and len(request_text) <= _CACHED_REQUEST_CHARS
            and len(latency_text) <= _CACHED_LATENCY_CHARS
            and " " not in address.lstrip()
        ):
            request = _plain_request(request_text)
            latency_ms = _latency_ms(latency_text)
            if request is not None and latency_ms is not None:
                return AccessLine(
                    timestamp,
                    request_id,
                    status,
                    latency_ms,
                    request.method,
                    request.path,
                    request.tail,
                    request.model,
                    request.provider,
                )
    return _read_odd(timestamp, request_id, message)


def closes_path(line: str) -> bool:
    """Whether a line can be the last of a path with line breaks in it."""
    return line.endswith('"') or _TAIL.search(line) is not None


def _read_odd(
    timestamp: str, request_id: str | None, message: str
) -> AccessLine | UnclosedLine | Rejected | None:
    """Columns of forks, quotes and bars in the path, and what is no access line at all."""
    if _FAILED_ATTEMPT.match(message):
        return None
    start = _REQUEST_START.search(message)
    if start is None:
        return None
    status_text, *columns = message[: start.start()].split(" | ")
    status = _STATUSES.get(status_text)
    if status is None:
        return None
    request = _read_request(message[start.start("request") :])
    if request is None:
        return UnclosedLine(timestamp)
    latencies = [read for column in columns if (read := duration_ms(column.strip())) is not None]
    if not latencies:
        shown = shorten(columns[0].strip(), 40) if columns else ""
        return Rejected(timestamp, f"unreadable duration {shown!r}")
    return AccessLine(
        timestamp,
        request_id,
        status,
        latencies[0],
        request.method,
        request.path,
        request.tail,
        request.model,
        request.provider,
    )


@lru_cache(maxsize=16_384)
def _latency_ms(column: str) -> int | None:
    return duration_ms(column.strip())


@lru_cache(maxsize=4096)
def _plain_request(text: str) -> _Request | None:
    return _read_request(text) if _METHOD.match(text) else None


def _read_request(text: str) -> _Request | None:
    """`METHOD "PATH"TAIL`; None if the path's quote is not closed.

    The path may hold quotes of its own: it reaches to the last one, or to the first that is
    followed by a tail.
    """
    method, _, rest = text.partition('"')
    found = _TAIL.search(rest)
    end = found.start() if found else len(rest) - 1
    if end < 0 or rest[end] != '"':
        return None
    path = shorten(path_without_secrets(rest[:end]), MAX_PATH_CHARS)
    tail = rest[end + 1 : end + 1 + _TAIL_CHARS]
    model, provider = _tail_names(tail.partition("Error #")[0])
    return _Request(method.rstrip(), printable(path), tail.strip(), model, provider)


def _tail_names(tail: str) -> tuple[str | None, str | None]:
    """The model and the provider a fork wrote behind the path."""
    if not tail:
        return None, None
    if '="' in tail:
        tail = _TAIL_QUOTED.sub("", tail)
    model, provider = _TAIL_MODEL.search(tail), _TAIL_PROVIDER.search(tail)
    if model is None and provider is None:
        columns = _TAIL_COLUMNS.search(tail)
        return (columns[1], columns[2]) if columns else (None, None)
    return (
        printable(model[1]) if model else None,
        printable(provider[1]) if provider else None,
    )


def printable(text: str) -> str:
    """`text` with a replacement for every character that could command a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
