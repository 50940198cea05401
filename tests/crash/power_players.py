"""A program whose processes use one data directory in turns, under one strace.

`power_players.py DIRECTORY OPERATIONS`: the operations (see `ledger.py`) as JSON, each with the
number of its process before it. Also known are `lose` (the database is deleted in use) and `drop`
(a month's breakdown). Says `ready` when everything is imported, begins at a line of input, and
each process reports the operations it did to a pipe. Between turns, what was recorded is published.
"""

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from playing import Player
from proxypal.records import legacy  # noqa: F401 - imported late by the store; here once
from proxypal.store import engine

_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)
_PUBLISH_AFTER_S = 0.002
_UNTIL_SETTLED_MS = 3 * 3_600_000
"""Requests can change for two hours; only then their month can be dropped."""


def main(directory: Path, turns: list[list[int | str]]) -> int:
    """Fork, and let each process do its operations when it is its turn."""
    ctypes.CDLL(None).prctl(_PTRACER, _ANY, 0, 0, 0)
    engine.PUBLISH_AFTER_S = _PUBLISH_AFTER_S
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    reports, report = os.pipe()
    players = {
        number: _Process(directory, report) for number in dict.fromkeys(turn[0] for turn in turns)
    }
    os.close(report)
    for at, (number, *operation) in enumerate(turns):
        players[number].play(operation, at)
        if os.read(reports, 64) != b"%d\n" % (at + 1):
            for player in players.values():
                player.stop()
            return 1
        # Some turns overlap with the publication of what was recorded before, some do not.
        time.sleep(_PUBLISH_AFTER_S * (at % 3))
    return max(player.end() for player in players.values())


class _Player(Player):
    """It can do some more than the ledger knows of, as no number changes by it."""

    late_ms = 0

    def clock(self) -> int:
        return super().clock() + self.late_ms

    def _lose(self, *suffixes: str) -> None:
        """Somebody deletes the database while it is in use, with or without what lies beside it."""
        for suffix in suffixes:
            (self.directory / f"proxypal.db{suffix}").unlink()

    def _drop(self, month: str) -> None:
        self.late_ms = _UNTIL_SETTLED_MS
        self._open_store.drop_breakdown([month])


class _Process:
    """A forked child with a store of its own."""

    def __init__(self, directory: Path, report: int) -> None:
        told, self._tell = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._tell)
            status = 1
            try:
                _be_told(directory, told, report)
                status = 0
            except BaseException:  # noqa: BLE001 - told to who reads the test's output
                traceback.print_exc()
                os.write(report, b"!")
            finally:
                os._exit(status)
        os.close(told)

    def play(self, operation: list[int | str], at: int) -> None:
        """Begin with operation number `at`."""
        os.write(self._tell, json.dumps([at, operation]).encode() + b"\n")

    def stop(self) -> None:
        """Kill it; another one has failed."""
        os.kill(self._child, signal.SIGKILL)

    def end(self) -> int:
        """Let it come to its end; its exit status."""
        os.write(self._tell, b"null\n")
        _, status = os.waitpid(self._child, 0)
        return os.waitstatus_to_exitcode(status)


def _be_told(directory: Path, told: int, report: int) -> None:
    player = _Player(directory, lambda done: _report(report, done))
    with os.fdopen(told) as lines:
        for line in lines:
            turn = json.loads(line)
            if turn is None:
                return
            player.played, operation = turn
            player.play([operation])


def _report(report: int, done: int) -> None:
    os.write(report, b"%d\n" % done)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
