import gzip
from pathlib import Path

import msgspec
import pytest

from proxy_log import request_lines
from proxypal.sources.log_copies import is_contained
from proxypal.sources.log_files import LogFile, OpenLog
from proxypal.sources.log_identity import KnownLog, Passed, advance, beginning_of, start_of
from proxypal.store.values import StoredPosition

LOG = request_lines(range(60))


@pytest.fixture
def known() -> KnownLog:
    """The whole log, read."""
    begun = beginning_of(LOG[:1024])
    assert begun is not None
    position = advance(start_of(begun), begun, Passed(len(LOG), LOG, lines=120))
    state = msgspec.json.encode(position)
    return KnownLog(StoredPosition(id=1, source="log:x", version=1, state=state), position)


def judge(tmp_path: Path, known: KnownLog, copy: bytes, other: bytes) -> bool:
    (tmp_path / "copy").write_bytes(copy)
    (tmp_path / "other").write_bytes(other)
    others = [LogFile(tmp_path / name, is_rotated=True) for name in ("gone", "other")]
    with OpenLog(tmp_path / "copy") as log:
        return is_contained(log, known, others)


@pytest.mark.parametrize("length", [1, 500, 4000, len(LOG) - 1])
def test_the_beginning_of_a_log_beside_it_is_a_copy(
    tmp_path: Path, known: KnownLog, length: int
) -> None:
    """A copy in the making is told from a log that was put back, packed or not."""
    assert judge(tmp_path, known, LOG[:length], LOG)
    assert judge(tmp_path, known, gzip.compress(LOG[:length]), gzip.compress(LOG))


def test_without_the_log_beside_it_there_is_no_copy(tmp_path: Path, known: KnownLog) -> None:
    """Where the longer log is gone, the shorter one is what is left of it."""
    assert not judge(tmp_path, known, LOG[:4000], request_lines(range(900, 960)))
    assert not judge(tmp_path, known, LOG[:4000], b"")


def test_a_log_that_went_another_way_is_no_copy(tmp_path: Path, known: KnownLog) -> None:
    """The same beginning with another end is a log of its own."""
    assert not judge(tmp_path, known, LOG[:4000] + request_lines([999]), LOG)
