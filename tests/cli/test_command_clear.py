"""`proxypal clear`, `reset` and `restore`: ask, back up, undo."""

import shlex
from pathlib import Path

import pytest

from proxypal import RequestLog, Store
from running import answering, proxypal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three requests."""
    with Store(tmp_path / "data") as store:
        store.record([RequestLog(path="/v1/messages", status=200) for _ in range(3)])
    return tmp_path


def _counts(home: Path) -> tuple[int, int]:
    stats = proxypal(home, "stats", "--json").json()
    return stats["totalRequests"], stats["historyCount"]


@pytest.mark.parametrize("command", ["clear", "reset"])
def test_nothing_is_taken_away_unasked(home: Path, command: str) -> None:
    """Without a terminal to ask at and without --yes it refuses with 2 and changes nothing."""
    refused = proxypal(home, command)
    assert (refused.code, refused.out) == (2, "")
    assert "--yes" in refused.err
    assert _counts(home) == (3, 3)


def test_clear_keeps_the_totals_and_can_be_undone(home: Path) -> None:
    """Clear history → requests cleared, aggregate preserved; the printed command brings it back."""
    cleared = proxypal(home, "clear", "--yes")
    assert cleared.code == 0
    assert "What goes: the recent history, 3 requests" in cleared.err
    assert "What stays: the all-time analytics, 3 requests" in cleared.err
    assert _counts(home) == (3, 0)
    undo = shlex.split(cleared.out)
    assert undo[0] == "proxypal"
    undone = proxypal(home, *undo[1:])
    assert (undone.code, undone.err) == (0, "Undone: 3 requests back in the history.\n")
    assert _counts(home) == (3, 3)


def test_reset_keeps_the_history_and_can_be_undone(home: Path) -> None:
    """Reset analytics → aggregate cleared, history preserved; undo keeps what came after."""
    reset = proxypal(home, "reset", "--yes")
    assert "What goes: the all-time analytics since" in reset.err
    assert "What stays: the recent history, 3 requests" in reset.err
    assert _counts(home) == (0, 3)
    proxypal(home, "record", stdin='{"path": "/v1/messages", "status": 200}\n')
    undone = proxypal(home, *shlex.split(reset.out)[1:])
    assert undone.err == "Undone: 3 requests back in the all-time analytics.\n"
    assert _counts(home) == (4, 4)


def test_the_undo_command_names_the_data_directory(tmp_path: Path) -> None:
    """Whoever chose a data directory gets an undo command for that one, quoted for the shell."""
    odd = tmp_path / "odd place"
    line = '{"path": "/v1/messages", "status": 200}\n'
    proxypal(tmp_path, "record", "--data-dir", str(odd), stdin=line)
    undo = shlex.split(proxypal(tmp_path, "clear", "--yes", "--data-dir", str(odd)).out)
    assert undo[:3] == ["proxypal", "--data-dir", str(odd)]
    assert proxypal(tmp_path, *undo[1:]).code == 0


def test_each_undo_works_once(home: Path) -> None:
    """A second restore of the same backup says that it was done and changes nothing."""
    undo = shlex.split(proxypal(home, "reset", "--yes").out)[1:]
    proxypal(home, *undo)
    again = proxypal(home, *undo)
    assert again.code == 1
    assert "already restored" in again.err
    assert _counts(home) == (3, 3)


def test_restore_lists_what_can_be_undone(home: Path) -> None:
    """`proxypal restore` lists the backups, newest first, and whether each was used."""
    assert proxypal(home, "restore", "--json").json() == []
    cleared = proxypal(home, "clear", "--yes", "--json").json()
    reset = proxypal(home, "reset", "--yes", "--json").json()
    assert cleared["undo"].endswith(f"restore {cleared['backup']['name']}")
    listed = proxypal(home, "restore", "--json").json()
    assert [backup["name"] for backup in listed] == [
        reset["backup"]["name"],
        cleared["backup"]["name"],
    ]
    proxypal(home, "restore", reset["backup"]["name"])
    table = proxypal(home, "restore").out
    assert table.count("can be undone") == 1
    assert table.count("undone 20") == 1


def test_forget_leaves_nothing_to_undo(home: Path) -> None:
    """`clear --forget` prints no undo command and keeps no backup of the history."""
    proxypal(home, "clear", "--yes")
    proxypal(home, "record", stdin='{"path": "/v1/messages", "status": 200}\n')
    forgotten = proxypal(home, "clear", "--yes", "--forget")
    assert (forgotten.code, forgotten.out) == (0, "")
    assert "no copy was left" in forgotten.err
    assert proxypal(home, "restore", "--json").json() == []
    assert _counts(home) == (4, 0)


def test_an_empty_history_needs_no_clearing(tmp_path: Path) -> None:
    """Clearing nothing makes no backup and is no error."""
    cleared = proxypal(tmp_path, "clear", "--yes")
    assert (cleared.code, cleared.out) == (0, "")
    assert "Nothing was there to clear" in cleared.err


@pytest.mark.parametrize("command", ["clear", "reset"])
@pytest.mark.parametrize("answer", [b"n\n", b"\n"])
def test_no_means_no(home: Path, command: str, answer: bytes) -> None:
    """Clear history, reset analytics → confirmation works: without a yes nothing changes."""
    code, told = answering(home, answer, command)
    assert code == 1
    assert "[y/N]" in told
    assert "Nothing was changed." in told
    assert _counts(home) == (3, 3)


@pytest.mark.parametrize(("command", "after"), [("clear", (3, 0)), ("reset", (0, 3))])
def test_yes_means_yes(home: Path, command: str, after: tuple[int, int]) -> None:
    """Answering y does it."""
    assert answering(home, b"y\n", command)[0] == 0
    assert _counts(home) == after
