"""`proxypal record`: requests from a pipe, acknowledged as they become durable."""

import signal
import sys
from pathlib import Path
from types import FrameType

import click

from proxypal.cli.exits import DONE, FAILED
from proxypal.cli.lazy_pricing import LazyPricing
from proxypal.cli.opening import opened
from proxypal.cli.options import in_data_directory
from proxypal.cli.output import print_json_line, say
from proxypal.cli.rendering_text import counted
from proxypal.errors import StoreError
from proxypal.service.arrivals import Arrivals
from proxypal.service.recording import Recorder, Tally, record_stream

_STDIN = 0


class _Answers:
    """Acknowledges on stdout, complains on stderr."""

    def acknowledge(self, recorded: int, duplicates: int) -> None:
        told = {"recorded": recorded}
        print_json_line({**told, "duplicates": duplicates} if duplicates else told)

    def refuse(self, line: int, reason: str) -> None:
        say(f"proxypal: line {line} was not recorded: {reason}")

    def repeat(self, line: int, request_id: str) -> None:
        say(f"proxypal: line {line} is a duplicate: {request_id} was recorded before")

    def hold(self, held: int) -> None:
        say(f"proxypal: {counted(held, 'request')} held in memory, not durable yet")


@click.command("record")
@in_data_directory
def command(*, data_dir: Path) -> int:
    """Record requests from stdin, one JSON object a line.

    After each batch that became durable, at the latest 100 ms after a line came, prints
    {"recorded": N}: so many lines of this run are safe. A line that repeats the id and content
    of a recent request is a duplicate and counted apart. A line that cannot be recorded is
    reported with its number; the exit code is then 1.
    """
    if sys.stdin.isatty():
        say("Type requests, one JSON object a line; Ctrl-D ends.")
    tally = Tally()
    try:
        with opened(data_dir) as store:
            arrivals = Arrivals(_STDIN)
            _stop_in_order(arrivals)
            store.price_with(LazyPricing(store))
            record_stream(Recorder(store, _Answers(), tally), arrivals)
    except StoreError:
        if tally.unsafe_from is not None:
            safe = counted(tally.recorded, "line")
            say(f"proxypal: {safe} durable; nothing from line {tally.unsafe_from} on is.")
        raise
    return FAILED if tally.refused else DONE


def _stop_in_order(arrivals: Arrivals) -> None:
    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
        # What was read is recorded and acknowledged; a second signal ends us at once.
        signal.signal(number, signal.SIG_DFL)
        arrivals.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
