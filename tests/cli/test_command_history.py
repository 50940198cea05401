"""`proxypal history`: the recent requests."""

import signal
import time
from pathlib import Path

import msgspec
import pytest

from proxypal import RequestLog, Store
from running import Process, proxypal, start

NOON_MS = 1_766_404_800_000  # 2025-12-22T12:00Z


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three requests, the second of them failed."""
    with Store(tmp_path / "data", zone="UTC") as store:
        store.record(
            [
                RequestLog(timestamp=NOON_MS, model="claude-opus-4-5", path="/a", status=200),
                RequestLog(timestamp=NOON_MS + 1000, model="gpt-5", path="/b", status=429),
                RequestLog(
                    timestamp=NOON_MS + 2000,
                    model="claude-haiku-4-5",
                    path="/c",
                    status=200,
                    extras={"other": 1},
                ),
            ]
        )
    return tmp_path


def _paths(home: Path, *arguments: str) -> list[str]:
    rows = proxypal(home, "history", "--json", *arguments).json()
    return [row["path"] for row in rows]


def test_the_newest_is_at_the_bottom(home: Path) -> None:
    """Requests are listed oldest first, in the zone of the data, with what one looks for."""
    lines = proxypal(home, "history").out.splitlines()
    assert [line.split()[-1] for line in lines[-3:]] == ["/a", "/b", "/c"]
    assert lines[-2].startswith("2025-12-22 12:00:01  429")


def test_json_is_one_array_as_the_file_holds_it(home: Path) -> None:
    """--json prints the rows of history.json, unknown keys included."""
    rows = proxypal(home, "history", "--json").json()
    published = msgspec.json.decode((home / "data" / "history.json").read_bytes())
    assert rows == published["requests"]
    assert rows[2]["other"] == 1


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        (["--limit", "2"], ["/b", "/c"]),
        (["--limit", "0"], []),
        (["--failed"], ["/b"]),
        (["--model", "gpt-5"], ["/b"]),
        (["--model", "claude-*"], ["/a", "/c"]),
        (["--model", "CLAUDE-*", "--limit", "1"], ["/c"]),
        (["--model", "claude"], []),
    ],
)
def test_it_can_be_narrowed(home: Path, arguments: list[str], paths: list[str]) -> None:
    """--failed and --model choose, --limit keeps the newest of what was chosen."""
    assert _paths(home, *arguments) == paths


def test_several_keys_are_told_apart_by_name(tmp_path: Path) -> None:
    """With requests of several keys a column names them; one key alone says nothing."""
    home, keys = tmp_path, ["sk-…0XYZ#3f9a1c", "sk-…7abc#aa00bb"]
    with Store(home / "data", zone="UTC") as store:
        store.record([RequestLog(timestamp=NOON_MS, path="/a", status=200, api_key=keys[0])])
        assert "key" not in proxypal(home, "history").out.split()
        later = RequestLog(timestamp=NOON_MS + 1, path="/b", status=200)
        store.record([later, msgspec.structs.replace(later, path="/c", api_key=keys[1])])
    settings = f'[names]\n"{keys[1]}" = "Ben"\n'
    (home / "data" / "settings.toml").write_text(settings, encoding="utf-8")
    header, *lines = [line.split() for line in proxypal(home, "history").out.splitlines()]
    assert "key" in header
    assert [line[5] for line in lines] == [keys[0], "-", "Ben"]
    rows = proxypal(home, "history", "--json").json()
    assert [row.get("apiKey") for row in rows] == [keys[0], None, keys[1]]


def test_an_empty_history_says_what_to_do(tmp_path: Path) -> None:
    """Without requests stdout is empty and stderr says how to get some."""
    shown = proxypal(tmp_path, "history")
    assert (shown.code, shown.out) == (0, "")
    assert "proxypal watch" in shown.err
    assert proxypal(tmp_path, "history", "--json").json() == []


def _next_line(process: Process) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_follow_shows_what_other_processes_record(home: Path) -> None:
    """--follow begins with what is there and goes on with each request, once, within a second."""
    process = start(home, "history", "--follow", "--json", "--limit", "1", "--model", "*")
    try:
        assert msgspec.json.decode(_next_line(process))["path"] == "/c"
        with Store(home / "data") as store:
            begun = time.monotonic()
            store.record([RequestLog(path="/d", status=200), RequestLog(path="/e", status=200)])
            assert msgspec.json.decode(_next_line(process))["path"] == "/d"
            assert time.monotonic() - begun < 1.5  # a second, and what a busy machine adds
            assert msgspec.json.decode(_next_line(process))["path"] == "/e"
            store.clear_request_history()
            store.record([RequestLog(path="/f", status=200)])
        assert msgspec.json.decode(_next_line(process))["path"] == "/f"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_ctrl_c_ends_it_without_a_traceback(home: Path) -> None:
    """Ctrl-C while following ends at once with 130, as shells expect, and without noise."""
    process = start(home, "history", "--follow", "--json")
    for _ in range(3):
        _next_line(process)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.strip() == b""
