"""SIGKILL while a log is watched: started again, every line of it is counted once."""

import random
from pathlib import Path

import pytest

from growing import TEXT, append, finish_line, rotate, written
from law import HISTORY_LIMIT, open_store, reopen
from moments import Stage
from nursery import Command
from nursing import Nursery
from scenarios import Scenario
from watch_runs import watch_once

pytest_plugins = ["crash_fixtures"]


def watch_and_be_killed(chance: random.Random, nursery: Nursery, work: Path, times: int) -> None:
    """A growing log, watchers killed one after the other, and a last one that ends in order."""
    log, directory = work / "logs", work / "data"
    log.mkdir()
    acknowledged = 0
    for _ in range(times):
        outcome = nursery.run(
            Command(
                directory=str(directory),
                operations=[["open"], ["follow", str(log)]],
                kill_after=chance.randrange(60),
                then_us=chance.randrange(20_000),
                publish_after_s=chance.choice((0.001, 0.02, 60.0)),
            )
        )
        assert not outcome.error, outcome.error
        acknowledged += max(0, outcome.acknowledged - 1)
    truth = finish_line(log)
    with open_store(directory) as store:
        assert acknowledged <= store.get_usage_stats().total_requests
    everything_counted_once(directory, log, truth)


def everything_counted_once(directory: Path, log: Path, truth: list[str]) -> None:
    """Watch the log to its end, and see each of its requests once."""
    with open_store(directory) as store:
        watch_once(store, log)
        assert store.gaps() == []
        assert store.warnings == []
    found = reopen(directory)
    assert found.books["totalRequests"] == len(truth)
    assert [row["requestId"] for row in found.history] == truth[-HISTORY_LIMIT:]
    assert {row["model"] for row in found.history} == {"claude-sonnet-4-5"}


def some_backlog(work: Path) -> tuple[Path, list[str]]:
    """A log of three files, and the ids of its requests."""
    log = work / "logs"
    log.mkdir()
    for size in (4_000, 9_000):
        append(log, TEXT[written(log) : TEXT.find(b"\n", size) + 1])
        rotate(log, written(log))
    append(log, TEXT[written(log) : 12_345])
    return log, finish_line(log)


def stage_of(log: Path, nursery: Nursery, work: Path) -> Stage:
    """Watching that log, to be interrupted."""
    operations = [["open"], ["backlog", str(log)], ["close"]]
    return Stage(Scenario(name="watch", operations=operations), nursery, work)


@pytest.mark.parametrize("seed", range(4))
def test_a_watcher_killed_again_and_again(seed: int, nursery: Nursery, tmp_path: Path) -> None:
    """However often a watcher is killed, each line of a growing, rotated log counts once."""
    watch_and_be_killed(random.Random(seed), nursery, tmp_path, times=6)


@pytest.mark.usefixtures("strace")
def test_a_watcher_killed_at_some_system_calls(nursery: Nursery, tmp_path: Path) -> None:
    """Killed at a sample of its writes, a watcher started again has counted each line once."""
    log, truth = some_backlog(tmp_path)
    stage = stage_of(log, nursery, tmp_path)
    moments = stage.moments()
    for moment in moments[5 :: len(moments) // 8]:
        assert stage.interfere(moment, "signal=KILL").status == -9
        everything_counted_once(stage.directory, log, truth)


@pytest.mark.torture
@pytest.mark.usefixtures("strace")
def test_a_watcher_killed_at_every_system_call(nursery: Nursery, tmp_path: Path) -> None:
    """Killed before any system call that writes, a watcher started again counts each line once."""
    log, truth = some_backlog(tmp_path)
    stage = stage_of(log, nursery, tmp_path)
    for moment in stage.moments():
        assert stage.interfere(moment, "signal=KILL").status == -9
        everything_counted_once(stage.directory, log, truth)


@pytest.mark.torture
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_a_watcher_whose_disk_fails_anywhere(error: str, nursery: Nursery, tmp_path: Path) -> None:
    """Whichever write fails, a watcher counts each line once, then or when started again."""
    log, truth = some_backlog(tmp_path)
    stage = stage_of(log, nursery, tmp_path)
    for moment in stage.moments():
        outcome = stage.interfere(moment, f"error={error}")
        assert outcome.status == 0 or "CannotWrite" in outcome.error or "Full" in outcome.error
        everything_counted_once(stage.directory, log, truth)
