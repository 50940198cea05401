"""What is known of one log, from what the watcher tells of it."""

from builders import NOW_MS, a_request
from proxypal.errors import QueueUnreachable
from proxypal.service.log_tally import LogTally
from proxypal.service.watch_events import (
    LineRejected,
    Progress,
    Recorded,
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
)

URL = "http://10.0.0.2:8317"


def test_requests_and_rejections_are_counted() -> None:
    """The newest request stands; a log of which nothing is understood is blind."""
    tally = LogTally("log")
    tally.tell(LineRejected("main.log", 3, "odd", "what"))
    assert "line 3: odd: what" in tally.blindness("main.log")
    tally.tell(Recorded("main.log", [a_request(timestamp=NOW_MS), a_request(timestamp=NOW_MS - 9)]))
    tally.tell(Recorded("main.log", [a_request(timestamp=NOW_MS - 5)]))
    assert (tally.requests, tally.changes["last_request_at"]) == (3, NOW_MS)
    assert tally.blindness("main.log") == ""


def test_a_backlog_is_read_until_its_end() -> None:
    """As long as bytes are left it is reading; then it has caught up."""
    tally = LogTally("log")
    tally.tell(Progress("main.log", 10, 500, 1000))
    assert tally.changes["state"] == "reading"
    tally.tell(Progress("main.log", 10, 1000, 1000))
    assert tally.changes["state"] == "caught up"


def test_a_remote_log_says_why_it_is_blind() -> None:
    """Unreachable with the reason, until it is read again or somebody else reads it."""
    tally = LogTally("log")
    error = QueueUnreachable(URL, "it does not answer", what="Log")
    tally.tell(RemoteLogFailed(URL, error, 1_000))
    assert tally.blindness(URL) == str(error)
    tally.tell(RemoteLogRead(URL))
    assert tally.blindness(URL) == ""
    tally.tell(RemoteLogFailed(URL, error, 1_000))
    tally.tell(RemoteLogStandingBy(URL, None))
    assert (tally.changes["state"], tally.blindness(URL)) == ("standing by", "")
