from pathlib import Path

from builders import NOW_MS
from proxypal.service.log_tally import LogTally
from proxypal.service.queue_status import QueueStatus, encode_status
from proxypal.service.source_states import lately_lost, state_of_log, state_of_queue
from proxypal.store.values import Gap, QueueState

QUEUE = "queue http://127.0.0.1:8317"


def a_gap(source: str, until_ms: int, reason: str) -> Gap:
    """A span that is lost."""
    return Gap(source=source, from_ms=1, until_ms=until_ms, reason=reason)


def a_queue(updated_at: int = NOW_MS, **status: object) -> QueueState:
    """What the store knows of a queue whose reader said this."""
    said = QueueStatus(url="http://127.0.0.1:8317", **status)  # type: ignore[arg-type]  # fields by name
    return QueueState(source=QUEUE, status=encode_status(said), updated_at=updated_at, records=7)


def test_a_queue_is_what_its_reader_says() -> None:
    """Connected since, mode, version and the last record are those of the reader."""
    queue = a_queue(
        state="connected",
        mode="subscribed",
        connected_since=5,
        last_record_at=9,
        proxy_version="7.1.0",
        statistics_enabled=True,
    )
    state = state_of_queue(queue, [], NOW_MS, str)
    assert (state.kind, state.name) == ("queue", "http://127.0.0.1:8317")
    assert (state.state, state.mode, state.connected_since) == ("connected", "subscribed", 5)
    assert (state.last_request_at, state.proxy_version) == (9, "7.1.0")
    assert (state.requests, state.is_ours, state.statistics_enabled) == (7, True, True)


def test_what_is_lost_is_told_with_its_queue() -> None:
    """The gaps of a queue are its own; those of the last day can be told apart."""
    gaps = [
        a_gap(QUEUE, 2, "long ago"),
        a_gap(QUEUE, NOW_MS - 5, "the proxy was restarted"),
        a_gap("queue http://127.0.0.1:9", NOW_MS, "another queue"),
    ]
    state = state_of_queue(a_queue(state="connected"), gaps, NOW_MS, str)
    assert [lost.reason for lost in state.gaps] == ["long ago", "the proxy was restarted"]
    assert [lost.reason for lost in lately_lost(state, NOW_MS)] == ["the proxy was restarted"]


def test_a_reader_that_was_killed_is_not_connected() -> None:
    """A status nobody renewed for a minute is not believed."""
    queue = a_queue(NOW_MS - 120_000, state="connected", cause="killed")
    state = state_of_queue(queue, [], NOW_MS, str)
    assert (state.state, state.is_ours) == ("ended", False)
    assert "ended abruptly" in state.detail


def test_what_a_later_version_says_is_no_crash() -> None:
    """A status we cannot read is shown as one that has ended."""
    queue = QueueState(source=QUEUE, status=b'{"state":"dancing"}', updated_at=NOW_MS)
    assert state_of_queue(queue, [], NOW_MS, str).state == "ended"


def test_what_is_lost_of_a_log_is_told_with_it(tmp_path: Path) -> None:
    """A gap belongs to the log at its real path, or to the one read from that address."""
    path, link = tmp_path / "main.log", tmp_path / "link.log"
    path.touch()
    link.symlink_to(path)
    gaps = [
        a_gap(f"log:{path.resolve()}", NOW_MS, "rotated away"),
        a_gap("log:http://10.0.0.2:8317", NOW_MS, "cut off"),
    ]
    tally = LogTally("log")
    assert [lost.reason for lost in state_of_log(tally, str(link), gaps).gaps] == ["rotated away"]
    remote = state_of_log(tally, "http://10.0.0.2:8317", gaps)
    assert [lost.reason for lost in remote.gaps] == ["cut off"]
    assert state_of_log(tally, "/elsewhere/main.log", gaps).gaps == []
