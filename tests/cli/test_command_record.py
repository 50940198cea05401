"""`proxypal record`: from a pipe to durable."""

import select
import signal
import time
from pathlib import Path

import msgspec
import pytest

from proxypal import RequestLog, Store
from proxypal.records.request import encode_request
from running import KNOWS_PERMISSIONS, Process, proxypal, start

LINE = '{"path": "/v1/messages", "status": 200, "model": "claude-opus-4-5"}\n'


def _acknowledged(out: bytes | str) -> int:
    lines = out.splitlines()
    return int(msgspec.json.decode(lines[-1])["recorded"]) if lines else 0


def _read_line(process: Process, within_s: float) -> bytes:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], within_s)
    return process.stdout.readline() if ready else b""


def _write(process: Process, text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text.encode())
    process.stdin.flush()


def test_every_line_is_acknowledged(tmp_path: Path) -> None:
    """The last acknowledgement counts every line of the run, and the store agrees."""
    ended = proxypal(tmp_path, "record", stdin=LINE * 2500)
    assert (ended.code, ended.err) == (0, "")
    totals = [line["recorded"] for line in ended.json_lines()]
    assert totals == sorted(totals)
    assert totals[-1] == 2500
    with Store(tmp_path / "data") as store:
        assert store.get_usage_stats().total_requests == 2500


def test_a_fast_producer_is_recorded_in_large_batches(tmp_path: Path) -> None:
    """20,000 lines at once cost a few transactions, not 20,000."""
    ended = proxypal(tmp_path, "record", stdin=LINE * 20_000)
    assert _acknowledged(ended.out) == 20_000
    assert len(ended.out.splitlines()) <= 100


def test_a_slow_producer_hears_within_a_tenth_of_a_second(tmp_path: Path) -> None:
    """A single line is durable and acknowledged soon, without waiting for a batch to fill."""
    process = start(tmp_path, "record")
    _write(process, LINE)
    assert _read_line(process, 30) == b'{"recorded":1}\n'  # the start-up is in this one
    delays = []
    for number in range(2, 12):
        begun = time.monotonic()
        _write(process, LINE)
        assert _read_line(process, 10) == b'{"recorded":%d}\n' % number
        delays.append(time.monotonic() - begun)
    process.communicate(timeout=30)
    # The median: one hiccup of a busy machine is no broken promise.
    assert sorted(delays)[len(delays) // 2] < 0.1


def test_what_is_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL every acknowledged line is in the totals."""
    process = start(tmp_path, "record")
    _write(process, LINE * 300)
    acknowledged = _acknowledged(_read_line(process, 30))
    process.kill()
    process.communicate(timeout=30)
    assert acknowledged > 0
    with Store(tmp_path / "data") as store:
        assert acknowledged <= store.get_usage_stats().total_requests <= 300


def test_a_last_line_without_newline_counts(tmp_path: Path) -> None:
    """A file that does not end with a newline loses nothing."""
    ended = proxypal(tmp_path, "record", stdin=LINE + LINE.rstrip("\n"))
    assert _acknowledged(ended.out) == 2


def test_a_bad_line_is_reported_with_its_number_and_skipped(tmp_path: Path) -> None:
    """A bad line stops nothing: it is named on stderr, and the exit code says that it was there."""
    ended = proxypal(tmp_path, "record", stdin=LINE + "nonsense\n" + '{"status": "x"}\n' + LINE)
    assert ended.code == 1
    assert _acknowledged(ended.out) == 2
    complaints = ended.err.splitlines()
    assert [line.split(" was ")[0] for line in complaints] == [
        "proxypal: line 2",
        "proxypal: line 3",
    ]


def test_empty_lines_and_windows_line_ends_are_no_errors(tmp_path: Path) -> None:
    """Blank lines between requests, and CRLF, are what pipes on some systems deliver."""
    ended = proxypal(tmp_path, "record", stdin="\n\r\n" + LINE.replace("\n", "\r\n") + "\n")
    assert (ended.code, _acknowledged(ended.out)) == (0, 1)


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    """A line of 10 MB is refused with a reason; its neighbours are recorded."""
    ended = proxypal(tmp_path, "record", stdin=LINE + "x" * 10_000_000 + "\n" + LINE)
    assert ended.code == 1
    assert _acknowledged(ended.out) == 2
    assert ended.err == "proxypal: line 2 was not recorded: it is longer than 4 MiB\n"


def test_a_repeated_line_is_a_duplicate(tmp_path: Path) -> None:
    """A line sent again with its id counts once, is reported as such, and is no failure."""
    line = encode_request(RequestLog(id="r-1", timestamp=1, path="/v1/messages", status=200))
    text = line.decode() + "\n"
    first = proxypal(tmp_path, "record", stdin=text + text)
    assert (first.code, first.json_lines()[-1]) == (0, {"recorded": 1, "duplicates": 1})
    assert "line 2 is a duplicate: r-1" in first.err
    again = proxypal(tmp_path, "record", stdin=text)
    assert (again.code, again.json_lines()) == (0, [{"recorded": 0, "duplicates": 1}])
    assert proxypal(tmp_path, "stats", "--json").json()["totalRequests"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: int) -> None:
    """Ctrl-C and SIGTERM keep and acknowledge what was read, publish, and end without noise."""
    process = start(tmp_path, "record")
    _write(process, LINE * 3)
    seen = 0
    while seen < 3:
        seen = _acknowledged(_read_line(process, 30))
    process.send_signal(number)
    _, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, b"")
    history = msgspec.json.decode((tmp_path / "data" / "history.json").read_bytes())
    assert len(history["requests"]) == 3


@pytest.mark.skipif(not KNOWS_PERMISSIONS, reason="root may write anywhere")
def test_requests_are_held_where_nothing_can_be_written(tmp_path: Path) -> None:
    """Without permission nothing is acknowledged, it says so, and the exit code is 1."""
    proxypal(tmp_path, "stats")
    data = tmp_path / "data"
    data.chmod(0o500)
    for file in data.iterdir():
        file.chmod(0o400)
    ended = proxypal(tmp_path, "record", stdin=LINE * 5)
    data.chmod(0o700)
    assert (ended.code, ended.out) == (1, "")
    assert "5 requests held in memory, not durable yet" in ended.err
    assert "0 lines durable; nothing from line 1 on is." in ended.err
