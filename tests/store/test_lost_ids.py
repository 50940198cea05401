"""A database is lost, and the ids a queue told of last with it: which lines of a log are new?"""

import os
import shutil
from pathlib import Path

from builders import HOUR_MS, NOW_MS, a_line, a_store, an_attempt
from proxypal.store.values import Span
from telling import Log, books, told

FILE_MS = NOW_MS - 5 * HOUR_MS
"""When the month's file was written: what its ids do not tell came later, or up to 2 h before."""


def test_only_lines_of_the_time_whose_ids_are_lost_count_as_told(tmp_path: Path) -> None:
    """Of the time before, a line the queue knew nothing of is a request, as it was all along.

    A line of the lost time is taken for one the queue told of, so that none is counted twice.
    """
    kept, copy = tmp_path / "kept", tmp_path / "copy"
    covered = Span(NOW_MS - 10 * HOUR_MS, NOW_MS)
    with a_store(kept) as store:
        told(store, an_attempt(1, NOW_MS - 9 * HOUR_MS, request_id="00000001"), covered=covered)
    (month,) = (kept / "breakdown").iterdir()
    os.utime(month, (FILE_MS / 1000, FILE_MS / 1000))
    with a_store(kept) as store:
        told(store, an_attempt(2, NOW_MS - 6 * HOUR_MS, request_id="00000002"))
        store.publish()
        shutil.copytree(kept, copy, ignore=shutil.ignore_patterns("proxypal.db*", "*.lock"))
    with a_store(copy) as store:
        assert books(store)[0] == 2
        log = Log(store)
        assert log.says(a_line(NOW_MS - 6 * HOUR_MS, request_id="00000002")).seen == 1
        assert log.says(a_line(FILE_MS - 2 * HOUR_MS, request_id="00000003")).recorded == 1
        assert log.says(a_line(NOW_MS - 8 * HOUR_MS, request_id="00000004")).recorded == 1
        assert log.says(a_line(FILE_MS - HOUR_MS, request_id="00000005")).seen == 1
        assert log.says(a_line(NOW_MS - 9 * HOUR_MS, request_id="00000001")).recorded == 0
        assert books(store)[0] == 4
