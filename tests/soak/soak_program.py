"""`proxypal ARGUMENTS` by the clock in a file: `soak_program.py CLOCK ARGUMENTS`.

The program reads the time in one place, by `time.time_ns`; everything else of it is as it is.
"""

import sys
import time
from pathlib import Path

from soak_clock import SharedClock


def main(clock: SharedClock, arguments: list[str]) -> None:
    """Become the program."""
    setattr(time, "time_ns", lambda: clock.now_ms() * 1_000_000)  # noqa: B010 - mypy would mind
    from proxypal import cli  # noqa: PLC0415 - it is to find that clock

    sys.argv = ["proxypal", *arguments]
    cli.main()


main(SharedClock(Path(sys.argv[1])), sys.argv[2:])
