"""One physical line of CLIProxyAPI's main.log, read into a small typed value.

Knows the envelopes of all three layouts (internal/logging/global_logger.go: up to v6.6.49,
v6.6.50-51, since v6.6.52) and the messages that name a request's model
(sdk/cliproxy/auth/conductor*.go, manager.go, selector.go). Line text is untrusted. Must not
enter: what a line means beside its neighbours (`sources.log_requests`), zones, files.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from proxypal.sources.log_access import printable, read_access
from proxypal.sources.log_entries import (
    BannerLine,
    ContinuationLine,
    Line,
    ModelLine,
    ModelLineKind,
    OtherLine,
)

_CONTINUATION = ContinuationLine()
_NOISE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x1b\0\r]")


def parse_line(line: str) -> Line:
    """What one line (without its line feed) says."""
    return parse_cleaned(cleaned(line))


def cleaned(text: str) -> str:
    """`text` without colour codes, carriage returns and the NUL runs a cleared log starts with."""
    if "\x1b" in text or "\0" in text or "\r" in text:
        return _NOISE.sub("", text)
    return text


# --- the envelope

_SECONDS = frozenset(f":{second:02d}] [" for second in range(100))
_LEVEL_AND_SOURCE = re.compile(r"\] \[[a-z]{4,5} *\] \[[^\]\s]+:\d+", re.ASCII)
_HEX = "0123456789abcdef"
_NO_ID = "--------"
_ENVELOPE = re.compile(
    r"\[(?P<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\]"
    r"(?: \[(?P<id>[0-9a-f]{8}|-{8})\])?"
    r" \[[A-Za-z]{1,10} *\]"
    r"(?: \[[^\]\s]{1,200}:\d+\])?"
    r"(?: \| (?P<piped>[0-9a-f]{8}|-{8}) \|)?"
    r" ?",
    re.ASCII,
)


def parse_cleaned(line: str) -> Line:
    """`parse_line` for text that `cleaned` has been over."""
    # The common shape (layout C) is told by its fixed places, everything else by the expression.
    end = line.find("] ", 42, 160)
    if (
        end > 0
        and line[17:23] in _SECONDS
        and _is_minute(line[:17])
        and _is_level_and_source(line[31:end])
    ):
        request_id = line[23:31]
        if not request_id.strip(_HEX):
            return _message(line[1:20], request_id, line[end + 2 :])
        if request_id == _NO_ID:
            return _message(line[1:20], None, line[end + 2 :])
    found = _ENVELOPE.match(line)
    if found is None:
        return _CONTINUATION
    named = found["id"] or found["piped"]
    return _message(found["stamp"], None if named == _NO_ID else named, line[found.end() :])


@lru_cache(maxsize=256)
def _is_minute(text: str) -> bool:
    return re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d", text, re.ASCII) is not None


@lru_cache(maxsize=256)
def _is_level_and_source(text: str) -> bool:
    return _LEVEL_AND_SOURCE.fullmatch(text) is not None


def _message(timestamp: str, request_id: str | None, message: str) -> Line:
    if message[3:6] == " | ":
        return _access(timestamp, request_id, message)
    read = _BY_START.get(message[:4])
    return OtherLine(timestamp) if read is None else read(timestamp, request_id, message)


def _access(timestamp: str, request_id: str | None, message: str) -> Line:
    entry = read_access(timestamp, request_id, message)
    if entry is not None:
        return entry
    return _failure(timestamp, request_id, message[max(0, message.find("upstream ", 0, 64)) :])


_GIN = re.compile(r"\[GIN\] \d{4}/\d\d/\d\d - \d\d:\d\d:\d\d \| ", re.ASCII)


def _gin(timestamp: str, request_id: str | None, message: str) -> Line:
    found = _GIN.match(message)
    return _access(timestamp, request_id, message[found.end() :]) if found else OtherLine(timestamp)


# --- messages that name a model

_READ_CHARS = 4096
_CACHED_CHARS = 300
_USE = re.compile(r"Use (?:API key|OAuth) (?P<ident>.*?) ?for model (?P<model>\S+)")
_PROVIDER = re.compile(r"(?:^|\s)provider=(\S+)")
_AFFINITY = re.compile(r"session-affinity: .* provider=(?P<provider>\S*) model=(?P<model>\S+)")
_FAILURE = re.compile(r"upstream execution failed: provider=(?P<provider>\S*) model=(?P<model>\S+)")
_UNAVAILABLE = re.compile(
    r'auth unavailable: .*? for model "(?P<model>[^"\s]+)" \(provider=(?P<provider>[^)\s]*)\)'
)
_BANNER = re.compile(r"CLIProxyAPI Version: ([^\s,]+)")


def _use(timestamp: str, request_id: str | None, message: str) -> Line:
    if len(message) <= _CACHED_CHARS:
        used = _used_model(message)
    else:
        used = _used_model.__wrapped__(message[:_READ_CHARS])
    if used is None:
        return OtherLine(timestamp)
    return ModelLine(timestamp, request_id, used[0], used[1], "use")


@lru_cache(maxsize=2048)
def _used_model(message: str) -> tuple[str, str | None] | None:
    found = _USE.match(message)
    if found is None:
        return None
    provider = _PROVIDER.search(found["ident"])
    return printable(found["model"]), printable(provider[1]) if provider else None


def _naming(
    pattern: re.Pattern[str], kind: ModelLineKind
) -> Callable[[str, str | None, str], Line]:
    """A reader for messages in which `pattern` finds a model and a provider."""

    def read(timestamp: str, request_id: str | None, message: str) -> Line:
        found = pattern.match(message, 0, _READ_CHARS)
        if found is None:
            return OtherLine(timestamp)
        provider = printable(found["provider"]) or None
        return ModelLine(timestamp, request_id, printable(found["model"]), provider, kind)

    return read


_failure = _naming(_FAILURE, "failure")


def _banner(timestamp: str, _request_id: str | None, message: str) -> Line:
    found = _BANNER.match(message, 0, _READ_CHARS)
    return BannerLine(timestamp, found[1]) if found else OtherLine(timestamp)


_BY_START: dict[str, Callable[[str, str | None, str], Line]] = {
    "Use ": _use,
    "sess": _naming(_AFFINITY, "affinity"),
    "upst": _failure,
    "auth": _naming(_UNAVAILABLE, "unavailable"),
    "CLIP": _banner,
    "[GIN": _gin,
}
