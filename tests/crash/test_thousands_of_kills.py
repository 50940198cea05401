"""Ten thousand SIGKILLs over everything a store is used for: 0 lost, 0 doubled.

`make torture` runs all parts; one alone: `pytest tests/crash/test_thousands_of_kills.py -m torture
-k part-7`.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from judging import RecordProperty
from killing import AT_ONCE, CountingNursery, kill

PARTS, KILLS = 20, 500
TOLD = "SIGKILLs: 0 lost, 0 doubled"


@pytest.fixture(scope="module")
def nurseries() -> Iterator[list[CountingNursery]]:
    """For as many processes at once as a round needs."""
    started = [CountingNursery() for _ in range(AT_ONCE)]
    yield started
    for one in started:
        one.close()


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder on a disk in memory, where there is one: a kill takes nothing from any disk."""
    disk = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="proxypal-kills-", dir=disk if disk.is_dir() else None))
    yield folder
    if not any(folder.iterdir()):  # else a round failed: its files tell more
        folder.rmdir()


def test_a_dozen_kills(
    nurseries: list[CountingNursery], memory: Path, record_property: RecordProperty
) -> None:
    """Whatever a store is used for, a kill at any moment loses and doubles nothing."""
    record_property(TOLD, kill(PARTS, 12, nurseries, memory))


@pytest.mark.torture
@pytest.mark.parametrize("part", range(PARTS), ids=lambda part: f"part-{part}")
def test_ten_thousand_kills(
    part: int,
    nurseries: list[CountingNursery],
    memory: Path,
    record_property: RecordProperty,
) -> None:
    """Ten thousand in twenty parts, each with rounds of its own."""
    record_property(TOLD, kill(part, KILLS, nurseries, memory))
