"""From the shell: `proxypal stats` beside `python -c pass`, and its peak memory."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.table import Row, seconds, spread
from benchmarks.traffic import requests
from proxypal import Store

RUNS = 15


def measure(folder: Path) -> list[Row]:
    """The two take turns."""
    data = folder / "startup"
    with Store(data) as store:
        store.record(requests(2000))
    program = str(Path(sys.executable).with_name("proxypal"))
    table = [program, "--data-dir", str(data), "stats"]
    commands = {"pass": [sys.executable, "-c", "pass"], "json": [*table, "--json"], "table": table}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    peak_kb = 0
    for _ in range(RUNS):
        for name, command in commands.items():
            taken[name].append(seconds(lambda: _run(command)))
    with subprocess.Popen(commands["json"], stdout=subprocess.DEVNULL) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        peak_kb = usage.ru_maxrss
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
