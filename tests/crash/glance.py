"""A program that opens a data directory, prints how many requests it counts, and closes it."""

import sys
from pathlib import Path

from law import open_store

with open_store(Path(sys.argv[1])) as store:
    sys.stdout.write(str(store.get_usage_stats().total_requests))
