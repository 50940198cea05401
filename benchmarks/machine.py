"""What the figures were taken on, in words that name neither host nor place."""

import os
import platform
import sqlite3
from pathlib import Path


def machine() -> list[str]:
    """Cores, processor, memory, system, versions: a line each."""
    return [
        f"{os.cpu_count()} cores, {_processor()}, {_memory_gb():.0f} GB of memory",
        f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
    ]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or "processor not told"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
