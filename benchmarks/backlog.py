"""A log backlog from file to durable store, beside reading the same lines and nothing more."""

import threading
from pathlib import Path

from benchmarks.table import About, Row, seconds, spread
from benchmarks.traffic import log_lines
from proxypal import Store
from proxypal.service.watching import watch

ABOUT = About(
    "Reading a log",
    "200,000 requests as 400,000 lines of CLIProxyAPI's debug log, from the file to a fresh "
    "store, counted afterwards. The rival only reads the lines and splits them.",
)

LINES = 400_000
ROUNDS = 3


def measure(folder: Path) -> list[Row]:
    """Each round reads the whole log into a fresh store."""
    log = folder / "main.log"
    with log.open("w") as file:
        file.writelines(log_lines(LINES))
    ours: list[float] = []
    plain: list[float] = []
    for turn in range(ROUNDS):
        with Store(folder / f"backlog-{turn}") as store:
            ours.append(
                seconds(
                    lambda: watch(
                        store,
                        [log],
                        offset=lambda _: 0,
                        once=True,
                        stop=threading.Event(),
                        report=lambda _: None,
                    )
                )
            )
            counted = store.get_usage_stats().total_requests
            if counted != LINES // 2:
                raise SystemExit(f"the backlog counted {counted} of {LINES // 2} requests")
        plain.append(seconds(lambda: [line.split(" ", 5) for line in log.open()]))
    return [
        Row(
            f"log backlog of {LINES:,} lines",
            spread([LINES / taken / 1000 for taken in ours], "k lines/s"),
            "read and split each line",
            spread([LINES / taken / 1000 for taken in plain], "k lines/s"),
            spread([their / our for our, their in zip(ours, plain, strict=True)], " ×"),
            "≥ 100k lines/s",
            "The rival keeps nothing: it is the bound of any program that reads lines in Python.",
        )
    ]
