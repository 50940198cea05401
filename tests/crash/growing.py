"""A proxy's log that grows and is rotated until the process that writes it is killed.

What all its files hold together is always a beginning of the same long text, so that the next
process goes on where the last one was cut off, and a test knows what was written.
"""

import random
import time
from pathlib import Path

from proxy_log import request_lines

REQUESTS = 3000
TEXT = request_lines(range(1, REQUESTS + 1))


def written(log: Path) -> int:
    """How many bytes of the text are in the log's files."""
    return sum(path.stat().st_size for path in log.glob("main*.log"))


def grow(log: Path) -> None:
    """Write on, in pieces that end anywhere; between lines, begin a new file now and then."""
    at = written(log)
    chance = random.Random(at)
    while at < len(TEXT):
        until = at + chance.choice((1, 50, 200, 700, 5000))
        if chance.random() < 0.7:
            until = TEXT.find(b"\n", until) + 1 or len(TEXT)
        append(log, TEXT[at:until])
        at = min(until, len(TEXT))
        if TEXT[at - 1 : at] == b"\n" and chance.random() < 0.05:
            rotate(log, at)
        time.sleep(chance.random() * 0.002)


def append(log: Path, data: bytes) -> None:
    """One write at the end of the log's newest file."""
    with (log / "main.log").open("ab", buffering=0) as file:
        file.write(data)


def rotate(log: Path, at: int) -> None:
    """Rename the newest file as the proxy does: by the time, here the place in the text."""
    minutes, seconds = divmod(at // 100, 60)
    hours, minutes = divmod(minutes, 60)
    (log / "main.log").rename(
        log / f"main-2026-08-22T{hours:02d}-{minutes:02d}-{seconds:02d}.{at % 100:03d}.log"
    )


def finish_line(log: Path) -> list[str]:
    """Write the line that was cut off to its end; the ids of all requests that are in the log."""
    at = written(log)
    append(log, TEXT[at : TEXT.find(b"\n", max(0, at - 1)) + 1])
    requests = TEXT[: written(log)].count(b'"/v1/messages"')
    return [f"{number:08x}" for number in range(1, requests + 1)]
