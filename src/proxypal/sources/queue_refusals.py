"""What the proxy means when its usage queue, or its log, is not given out.

The texts are those of CLIProxyAPI internal/api/redis_queue_protocol.go and
handlers/management/handler.go; RESP and HTTP share them. Must not enter: connections.
"""

from proxypal.errors import USAGE_QUEUE, QueueBanned, QueueError, QueueRefused, QueueUnreachable
from proxypal.records.request import shorten
from proxypal.sources.go_duration import duration_ms

_FULL_BAN_MS = 30 * 60_000
_BANNED = "too many failed attempts"
_TRY_AGAIN = "try again in "
_KEY_REFUSED = (
    "invalid management key",
    "missing management key",
    "remote management disabled",
    "authentication required",
    "wrong number of arguments for 'auth'",
)


def understand_refusal(url: str, text: str, status: int = 0, what: str = USAGE_QUEUE) -> QueueError:
    """The error to raise for an error reply. `status` is that of HTTP, 0 for RESP.

    A ban lasts for as long as the text says, and 30 minutes if it does not.
    """
    said = text.lower()
    if _BANNED in said:
        _, _, wait = said.partition(_TRY_AGAIN)
        wait_ms = duration_ms(wait.strip(" ."))
        # Their clock cuts; a second more is certainly enough.
        return QueueBanned(url, (_FULL_BAN_MS if wait_ms is None else wait_ms) + 1_000, what)
    reason = shorten(" ".join(text.split()), 120) or f"HTTP status {status}"
    if status in (401, 403) or any(part in said for part in _KEY_REFUSED):
        return QueueRefused(url, f"the proxy says {reason!r}", what)
    if status == 404:
        reason = "there is none (HTTP 404): no management key is set in the proxy"
        return QueueUnreachable(url, reason, "answered", what=what)
    return QueueUnreachable(url, f"it answers {reason!r}", "answered", what=what)


def is_unknown_command(text: str) -> bool:
    """Whether this version lacks the command: SUBSCRIBE came with v7.0.7."""
    return "unknown command" in text.lower()


def is_unknown_key(text: str) -> bool:
    """Whether the queue goes by another name here."""
    return "unsupported channel" in text.lower()
