"""What the watcher told of one log, in this process: how it is, and what came of it.

Must not enter: several logs, the store.
"""

from typing import Any, Literal

from proxypal.service.watch_events import (
    CaughtUp,
    LineRejected,
    Note,
    Progress,
    ReadingLog,
    Recorded,
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
    StandingBy,
    Waiting,
    WatchEvent,
)

LogKind = Literal["log", "stream"]


class LogTally:
    """One log: `changes` are what is known of its state, by the names of `SourceState`."""

    def __init__(self, kind: LogKind) -> None:
        self.kind: LogKind = kind
        self.changes: dict[str, Any] = {"state": "reading"}
        self.requests = self.rejected = 0

    def tell(self, event: WatchEvent) -> None:
        """Take an event of this log."""
        match event:
            case Recorded():
                self.requests += len(event.requests)
                newest = max(request.timestamp for request in event.requests)
                last = self.changes.get("last_request_at") or 0
                self.changes["last_request_at"] = max(newest, last)
            case Progress():
                is_behind = event.done_bytes < event.total_bytes
                self.changes["state"] = "reading" if is_behind else "caught up"
                self.changes |= {"done_bytes": event.done_bytes, "total_bytes": event.total_bytes}
            case LineRejected():
                self.rejected += 1
                said = f"line {event.line}: {event.reason}: {event.excerpt}"
                self.changes["last_rejected"] = said
            case Note():
                self.changes["detail"] = event.text
            case _:
                self._turn(event)

    def _turn(self, event: WatchEvent) -> None:
        """Take an event that changes the state and nothing else."""
        match event:
            case ReadingLog():
                if self.changes["state"] in ("waiting", "standing by"):
                    # There may be nothing in it; if there is, its progress is told next.
                    self.changes["state"] = "caught up"
            case CaughtUp():
                if self.changes["state"] == "reading":
                    self.changes["state"] = "caught up"
            case Waiting():
                self.changes["state"] = "waiting"
            case RemoteLogRead():
                self.changes |= {"state": "caught up", "detail": ""}
            case RemoteLogFailed():
                self.changes |= {"state": "unreachable", "detail": str(event.error)}
            case StandingBy() | RemoteLogStandingBy():
                self.changes["state"] = "standing by"
            case _:
                pass

    def blindness(self, name: str) -> str:
        """Why nothing comes from it; empty if something may."""
        if self.changes["state"] == "unreachable":
            return str(self.changes["detail"])
        if self.changes["state"] == "waiting":
            return f"{name} is not there yet: nothing is recorded from it until it is."
        if self.rejected and not self.requests:
            return (
                f"Nothing of {name} is understood: {self.rejected:,} lines are no requests that "
                f"we know, the last one is {self.changes['last_rejected']}"
            )
        return ""
