"""`proxypal statusline`: today in one line, whatever happens."""

import os
import pty
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from builders import DAY_MS, a_request
from proxypal import Store
from running import KNOWS_PERMISSIONS, PROGRAM, environment, proxypal, start

NOW_MS = time.time_ns() // 1_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Today: three requests, one failed, one without a price; and one of the week before."""
    with Store(tmp_path / "data") as store:
        store.record(
            [
                a_request(timestamp=NOW_MS, cost_usd=Decimal("4.25"), tokens_in=1_200_000),
                a_request(timestamp=NOW_MS, tokens_in=10, tokens_out=2),
                a_request(timestamp=NOW_MS, status=500, tokens_in=None, tokens_out=None),
                a_request(timestamp=NOW_MS - 7 * DAY_MS, cost_usd=Decimal(100)),
            ]
        )
    return tmp_path


def _line(home: Path, *arguments: str, stdin: str | bytes = b"") -> str:
    shown = proxypal(home, "statusline", *arguments, stdin=stdin)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.count("\n") == 1
    return shown.out.rstrip("\n")


def _settings(home: Path, text: str) -> None:
    (home / "data" / "settings.toml").write_text(text, encoding="utf-8")


def test_it_tells_today_and_nothing_of_what_there_is_none(home: Path) -> None:
    """Cost, tokens, failures and unpriced requests of today; without any, only the requests."""
    assert _line(home) == "$4.25 today | 1.2M tokens | 1 failed | 1 unpriced"
    with Store(home / "data") as store:
        store.reset_aggregate_stats()
    assert _line(home) == "0 requests today"


def test_a_cost_nobody_knows_is_not_nothing(tmp_path: Path) -> None:
    """Where nothing has a price, requests stand in place of $0."""
    with Store(tmp_path / "data") as store:
        store.record([a_request(timestamp=NOW_MS, tokens_in=None, tokens_out=None)])
    assert _line(tmp_path) == "1 request today"
    assert _line(tmp_path, "--format", "{cost}") == "-"


def test_the_words_can_be_ones_own(home: Path) -> None:
    """--format fills in what stands in braces and leaves what it does not know as it is."""
    form = "{cost} {tokens} {input} {output} {requests} {failures} {unpriced} [{budget}] {what} {"
    assert _line(home, "--format", form) == "$4.25 1.2M 1.2M 302 3 1 1 [] {what} {"


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("100", ""),
        ("5", " | today 85.0 % of $5.00"),
        ("4", " | today passed: $4.25 of $4.00"),
    ],
)
def test_a_budget_is_told_when_it_is_near_or_passed(home: Path, limit: str, told: str) -> None:
    """Below four fifths of its limit a budget is not worth the room."""
    _settings(home, f'[[budget]]\nname = "today"\nper = "day"\nusd = {limit}\n')
    assert _line(home) == f"$4.25 today | 1.2M tokens | 1 failed | 1 unpriced{told}"


def test_of_several_budgets_the_worst_is_told(home: Path) -> None:
    """The one of which most is spent, and how many more there are; a broken one is mentioned."""
    _settings(
        home,
        '[[budget]]\nname = "a"\nper = "day"\nusd = 5\n'
        '[[budget]]\nname = "b"\nper = "day"\nusd = 2\n'
        '[[budget]]\nname = "c"\nper = "day"\nusd = 0\n'
        '[[budget]]\nper = "year"\nusd = 2\n',
    )
    assert _line(home, "--format", "{budget}") == (
        "c passed: $4.25 of $0 (+2) | see proxypal budget"
    )


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A short text, exit code 0, and nothing written."""
    assert _line(tmp_path) == "proxypal: nothing recorded yet"
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_read_is_no_error(home: Path) -> None:
    """A database that is no database and files that are no files: still one line and 0."""
    data = home / "data"
    for name in ("proxypal.db", "history.json", "aggregate.json"):
        (data / name).write_bytes(b"nonsense" * 1000)
    before = {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}
    assert _line(home) == "proxypal: no answer, see proxypal doctor"
    assert {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()} == before


@pytest.mark.skipif(not KNOWS_PERMISSIONS, reason="root may write anywhere")
def test_it_needs_no_write_permission(home: Path) -> None:
    """A directory that may only be read, or not even that, gives a line."""
    data = home / "data"
    try:
        data.chmod(0o500)
        assert _line(home).startswith("$4.25 today")
        data.chmod(0o000)
        assert _line(home) == "proxypal: no answer, see proxypal doctor"
    finally:
        data.chmod(0o700)


def test_the_agents_json_is_passed_over(home: Path) -> None:
    """Claude Code writes JSON to stdin: it is taken, whatever it is, and changes nothing."""
    usual = _line(home)
    assert _line(home, stdin='{"session_id": "x", "model": {"id": "claude-opus-4-5"}}') == usual
    assert _line(home, stdin=b"\xff" * 200_000) == usual


def test_what_an_agent_wrote_is_taken(home: Path) -> None:
    """An agent finds a reader at the other end: nothing of what it wrote is left in the pipe."""
    theirs, ours = os.pipe()
    try:
        os.write(ours, b'{"session_id": "x"}' * 1000)
        subprocess.run(
            [*PROGRAM, "statusline"],
            stdin=theirs,
            capture_output=True,
            env=environment(home),
            timeout=30,
            check=True,
        )
        os.set_blocking(theirs, False)
        with pytest.raises(BlockingIOError):
            os.read(theirs, 1)
    finally:
        os.close(ours)
        os.close(theirs)


def test_it_waits_for_nobody(home: Path) -> None:
    """A pipe into which nothing comes, and that nobody closes, does not hold it up."""
    process = start(home, "statusline")
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"$4.25 today")
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind")
def test_a_terminal_is_not_read(home: Path) -> None:
    """In a shell, what is typed ahead belongs to the shell."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"typed ahead\n")
        run = subprocess.run(
            [*PROGRAM, "statusline"],
            stdin=theirs,
            capture_output=True,
            env=environment(home),
            timeout=30,
            check=True,
        )
        assert run.stdout.startswith(b"$4.25 today")
        os.set_blocking(theirs, False)
        assert os.read(theirs, 100) == b"typed ahead\n"
    finally:
        os.close(ours)
        os.close(theirs)


def test_no_stdin_at_all_is_fine(home: Path) -> None:
    """A status bar may start it with stdin closed."""
    command = f"{' '.join(PROGRAM)} statusline <&-"
    run = subprocess.run(
        ["sh", "-c", command], capture_output=True, env=environment(home), timeout=30, check=True
    )
    assert run.stdout.startswith(b"$4.25 today")
