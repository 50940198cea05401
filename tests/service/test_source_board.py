from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import NOW_MS, SetClock, a_request, a_store, access_line, an_attempt, log_of
from proxypal.errors import QueueUnreachable, StorageFull
from proxypal.service.queue_status import QueueStatus, encode_status
from proxypal.service.source_board import SourceBoard
from proxypal.service.source_states import Notice
from proxypal.service.watch_events import (
    CaughtUp,
    LineRejected,
    Note,
    Progress,
    QueueConnected,
    QueueFailed,
    QueueHeld,
    ReadingLog,
    Recorded,
    RemoteLogFailed,
    RemoteLogRead,
    RemoteLogStandingBy,
    StandingBy,
    StoreRecovered,
    StoreTrouble,
    Waiting,
)
from proxypal.store import Store
from proxypal.store.values import Gap, QueueBatch
from watch_runs import Watching, until

QUEUE = "queue http://127.0.0.1:8317"
LOG = Path("/logs/main.log")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with a_store(tmp_path / "data") as opened:
        yield opened


def a_board(store: Store) -> SourceBoard:
    """A board at `NOW_MS`."""
    return SourceBoard(store, SetClock())


def say_of_queue(store: Store, *gaps: Gap, **status: object) -> None:
    """Let the reader of a queue say how it is."""
    said = QueueStatus(url="http://127.0.0.1:8317", **status)  # type: ignore[arg-type]  # fields by name
    store.record_attempts(
        QueueBatch(source=QUEUE, attempts=[an_attempt()], status=encode_status(said), gaps=gaps)
    )


def test_all_is_well(store: Store) -> None:
    """With nothing to say there are no notices, and the store can be written."""
    board = a_board(store)
    assert board.notices() == []
    assert board.state() == []
    assert (board.health().writable, board.health().held) == (True, 0)


def test_a_log_is_followed_from_waiting_to_caught_up(store: Store) -> None:
    """A log is waited for, then its backlog is read, then it is caught up; requests are counted."""
    board = a_board(store)
    board.report(ReadingLog(LOG))
    assert board.state()[0].state == "reading"
    board.report(CaughtUp(0, 0, 0))
    assert board.state()[0].state == "caught up"
    seen = []
    for event in (
        Waiting(LOG),
        Progress("main.log", 10, 500, 1000),
        Progress("main.log", 10, 1000, 1000),
        StandingBy(LOG),
        ReadingLog(LOG),
    ):
        board.report(event)
        seen.append(board.state()[0].state)
    assert seen == ["waiting", "reading", "caught up", "standing by", "caught up"]
    board.report(Recorded("main.log", [a_request(timestamp=7), a_request(timestamp=5)]))
    (state,) = board.state()
    assert (state.name, state.requests, state.last_request_at) == (str(LOG), 2, 7)
    assert (state.done_bytes, state.total_bytes) == (1000, 1000)


def test_two_logs_of_one_name_are_kept_apart(store: Store) -> None:
    """Requests belong to the log that is read when they are told."""
    board = a_board(store)
    other = Path("/elsewhere/main.log")
    board.report(ReadingLog(LOG))
    board.report(Recorded("main.log", [a_request()]))
    board.report(ReadingLog(other))
    board.report(Recorded("main.log", [a_request(), a_request()]))
    board.report(LineRejected("main.log", 3, "unreadable duration", "x"))
    assert {state.name: (state.requests, state.rejected_lines) for state in board.state()} == {
        str(LOG): (1, 0),
        str(other): (2, 1),
    }


def test_a_source_that_is_blind_is_a_notice(store: Store) -> None:
    """A log that is not there, or of which nothing is understood, is told until it is over."""
    board = a_board(store)
    board.report(Waiting(LOG))
    assert [notice.level for notice in board.notices()] == ["warning"]
    assert str(LOG) in board.notices()[0].text
    board.report(ReadingLog(LOG))
    assert board.notices() == []
    board.report(LineRejected("main.log", 9, "unreadable duration 'soon'", "…"))
    assert "line 9: unreadable duration 'soon'" in board.notices()[0].text
    board.report(Recorded("main.log", [a_request()]))
    assert board.notices() == []
    board.report(StandingBy(LOG))
    assert board.state()[0].state == "standing by"


def test_no_log_at_all_is_told_until_one_comes(store: Store) -> None:
    """Where no log is found that is said, and not any more when the first one is read."""
    board = a_board(store)
    board.miss_log("No log is found.")
    assert board.notices() == [Notice("no-log", "warning", "No log is found.")]
    board.report(ReadingLog(LOG))
    assert board.notices() == []


def test_a_full_disk_is_told_with_what_is_held(store: Store) -> None:
    """What waits in memory is lost by a kill, so the number stands in the first words."""
    board = a_board(store)
    error = StorageFull(store.path)
    board.report(StoreTrouble(error, 500))
    assert board.notices()[0].text == str(error)
    board.report(QueueHeld(error, 41, 500))
    (notice,) = board.notices()
    assert notice.level == "error"
    assert notice.text.startswith("Storage full: 41 requests are held in memory")
    assert board.health().held == 41
    board.report(StoreRecovered())
    assert board.notices() == []
    assert board.health().writable


def test_warnings_of_the_store_are_kept(store: Store) -> None:
    """A warning is shown once however often it comes; passing trouble is left to the state."""
    store.warnings.append("history.json was foreign.")
    board = a_board(store)
    board.warn("history.json was foreign.")
    board.warn("Storage full: cannot write /x. Free some space.")
    board.warn("Cannot write /x: denied.")
    assert [notice.text for notice in board.notices()] == ["history.json was foreign."]


def test_ids_stay_while_a_trouble_lasts(store: Store) -> None:
    """What was put away by its id does not come back because its numbers changed."""
    board = a_board(store)
    board.report(QueueHeld(StorageFull(store.path), 1, 500))
    before = board.notices()[0]
    board.report(QueueHeld(StorageFull(store.path), 2, 500))
    after = board.notices()[0]
    assert before.id == after.id
    assert before.text != after.text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"state": "banned", "banned_until": NOW_MS + 60_000}, "banned until"),
        ({"state": "connected", "statistics_enabled": False}, "statistics are switched off"),
        (
            {
                "state": "connected",
                "mode": "polling RESP",
                "starved_since": NOW_MS,
                "missing_records": 9,
            },
            "another program takes them",
        ),
        ({"state": "unreachable", "why": "nobody listens"}, "nobody listens"),
    ],
)
def test_a_queue_that_gives_nothing_is_told(
    store: Store, status: dict[str, object], said: str
) -> None:
    """A ban, statistics that are off, another consumer, no connection: each is a notice."""
    say_of_queue(store, **status)
    (notice,) = a_board(store).notices()
    assert said in notice.text


def test_a_queue_never_reached_is_told(store: Store) -> None:
    """Trouble of a queue the store knows nothing of yet is told until it is connected."""
    board = a_board(store)
    board.report(QueueFailed(QueueUnreachable("http://127.0.0.1:1", "refused"), 500))
    assert "http://127.0.0.1:1" in board.notices()[0].text
    board.report(QueueConnected("http://127.0.0.1:1", "subscribed", None, 0))
    assert board.notices() == []


def test_a_note_of_a_log_is_kept(store: Store) -> None:
    """The last thing that was said of a log stands beside it; what is said of others does not."""
    board = a_board(store)
    board.report(ReadingLog(LOG))
    board.report(Note("main.log", "an unfinished line"))
    board.report(Note("http://127.0.0.1:8317", "statistics are off"))
    assert board.state()[0].detail == "an unfinished line"


def test_it_understands_a_real_watcher(store: Store, tmp_path: Path) -> None:
    """What `watch` tells of a log that comes and grows is what the board shows."""
    board = a_board(store)
    path = tmp_path / "main.log"
    with Watching(store, path) as watching:
        until(lambda: bool(watching.of(Waiting)))
        path.write_bytes(log_of(access_line(), access_line("/v1/responses")))
        until(lambda: bool(watching.of(Recorded)) and bool(watching.of(Progress)))
    for event in watching.events:
        board.report(event)
    (state,) = board.state()
    assert (state.kind, state.name, state.state) == ("log", str(path), "caught up")
    assert state.requests == 2


def test_a_log_read_over_http_stands_beside_the_files(store: Store) -> None:
    """Its requests are its own, whichever file is read meanwhile; when it is gone that is said."""
    board = a_board(store)
    url = "http://10.0.0.2:8317"
    board.report(ReadingLog(LOG))
    board.report(RemoteLogRead(url))
    board.report(Recorded(url, [a_request(), a_request()]))
    file, remote = board.state()
    assert (file.requests, remote.name, remote.requests) == (0, url, 2)
    assert remote.state == "caught up"
    error = QueueUnreachable(url, "it does not answer", what="Log")
    board.report(RemoteLogFailed(url, error, 1_000))
    assert [notice.text for notice in board.notices()] == [str(error)]
    board.report(RemoteLogStandingBy(url, None))
    assert board.state()[1].state == "standing by"
    assert board.notices() == []
