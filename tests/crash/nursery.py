"""A program that starts recording children cheaply and kills them: everything is imported once.

Reads a command (`Command` as JSON) per line, answers `Outcome` as JSON per line. A child reports
through a pipe: what it wrote there before SIGKILL is what it acknowledged.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import msgspec

from playing import Player
from proxypal.errors import StoreError
from proxypal.records import legacy  # noqa: F401 - imported late by the store; here once
from proxypal.service import watching
from proxypal.store import engine

_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)


class Command(msgspec.Struct):
    """What one child does, and when it is killed.

    With `strace`, that program is attached first with these arguments. Otherwise SIGKILL comes
    `then_us` microseconds after `kill_after` operations were acknowledged; None lets it end.
    """

    directory: str
    operations: list[list[int | str]]
    kill_after: int | None = None
    then_us: int = 0
    publish_after_s: float = 60.0
    strace: list[str] = []
    close_after_error: bool = True


class Outcome(msgspec.Struct):
    """How many operations were acknowledged, and how the child ended (negative: signal)."""

    acknowledged: int
    status: int
    error: str


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin.buffer:
        outcome = _run(msgspec.json.decode(line, type=Command))
        sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
        sys.stdout.buffer.flush()


def _run(command: Command) -> Outcome:
    reports, report = os.pipe()
    wait, go = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reports)
        os.close(go)
        _be_the_child(command, report, wait)
    os.close(report)
    os.close(wait)
    tracer = _attach(command.strace, child) if command.strace else None
    os.write(go, b"g")
    os.close(go)
    said = b""
    if command.kill_after is not None:
        said = _until(reports, command.kill_after)
        _wait_us(command.then_us)
        os.kill(child, signal.SIGKILL)
    while chunk := os.read(reports, 65536):
        said += chunk
    os.close(reports)
    _, status = os.waitpid(child, 0)
    if tracer is not None:
        tracer.wait()
    acknowledged, _, error = said.partition(b"!")
    return Outcome(
        acknowledged.count(b"\n"), os.waitstatus_to_exitcode(status), error.decode("utf-8")
    )


def _be_the_child(command: Command, report: int, wait: int) -> None:
    status = 1
    player = Player(Path(command.directory), lambda done: _say(report, b"%d\n" % done))
    try:
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(_PTRACER, _ANY, 0, 0, 0)
        engine.PUBLISH_AFTER_S = command.publish_after_s
        watching.LOOK_EVERY_S = 0.005
        os.read(wait, 1)
        player.play(command.operations)
        status = 0
    except BaseException:  # noqa: BLE001 - told to the test
        os.write(report, b"!" + traceback.format_exc().encode())
        if command.close_after_error and player.store is not None:
            with contextlib.suppress(StoreError):
                player.store.close()
    finally:
        os._exit(status)


def _say(report: int, words: bytes) -> None:
    os.write(report, words)


def _attach(arguments: list[str], child: int) -> "subprocess.Popen[bytes]":
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(child), *arguments], stderr=subprocess.PIPE
    )
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if b"attached" not in said:
        raise RuntimeError(f"strace cannot attach: {said.decode()}")
    return tracer


def _until(reports: int, lines: int) -> bytes:
    said = b""
    while said.count(b"\n") < lines and b"!" not in said:
        chunk = os.read(reports, 65536)
        if not chunk:
            break
        said += chunk
    return said


def _wait_us(microseconds: int) -> None:
    until = time.perf_counter_ns() + microseconds * 1000
    if microseconds > 2000:
        select.select([], [], [], (microseconds - 1000) / 1e6)
    while time.perf_counter_ns() < until:
        pass


if __name__ == "__main__":
    main()
