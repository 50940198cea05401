"""From the shell: `proxypal stats` beside `python -c pass`, and its peak memory."""

import subprocess
import sys
from pathlib import Path

from benchmarks.table import About, Row, seconds, spread
from benchmarks.traffic import requests
from proxypal import Store

ABOUT = About(
    "From the shell",
    "A process from start to end, in turns with `python -c pass`: the ratio is how many times an "
    "empty Python it costs.",
)

RUNS = 15

_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measure(folder: Path) -> list[Row]:
    """The two take turns."""
    data = folder / "startup"
    with Store(data) as store:
        store.record(requests(2000))
    program = str(Path(sys.executable).with_name("proxypal"))
    table = [program, "--data-dir", str(data), "stats"]
    commands = {"pass": [sys.executable, "-c", "pass"], "json": [*table, "--json"], "table": table}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            taken[name].append(seconds(lambda: _run(command)))
    # Asked of a small process: a child starts with the peak of the one it was forked from.
    asked = subprocess.run(
        [sys.executable, "-c", _PEAK, *commands["json"]], check=True, capture_output=True
    )
    peak_kb = int(asked.stdout)
    return [
        *(
            Row(
                f"proxypal stats {label}".strip(),
                spread([value * 1000 for value in taken[name]], " ms"),
                "python -c pass",
                spread([value * 1000 for value in taken["pass"]], " ms"),
                spread([o / p for o, p in zip(taken[name], taken["pass"], strict=True)], " ×"),
                aim,
            )
            for name, label, aim in (("json", "--json", "< 8 ×"), ("table", "", "< 20 ×"))
        ),
        Row("peak memory of stats --json", f"{peak_kb / 1024:.0f} MB", "", "", "", "< 60 MB"),
    ]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
