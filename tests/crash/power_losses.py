"""Which losses to try at a moment: everything a disk may do with the changes that wait, or samples.

Must not enter: when, and what must hold afterwards (`power_exploring.py`).
"""

import itertools
import random
from collections.abc import Iterator, Sequence

from power_changes import LOST, Change, Fate, Fates

SECTOR = 512
ALL_SUBSETS = 6
"""Of so many new, renamed and deleted names every subset is tried; of more, 2^6 are sampled."""
CUTS = 16
LINES = 64
"""At so many line edges a text is torn; of more, samples are taken."""
SUBSETS = 24
"""How many subsets of pages and of everything are sampled at one moment."""


def simple(waiting: Sequence[Change]) -> Iterator[tuple[str, Fates]]:
    """Everything that waits reached the disk, or nothing did."""
    yield "nothing lost", {}
    yield "everything lost", dict.fromkeys((change.number for change in waiting), LOST)


def losses(waiting: Sequence[Change], chance: random.Random) -> Iterator[tuple[str, Fates]]:
    """What may become of these changes, each with what kind of loss it is."""
    yield from simple(waiting)
    names = [change.number for change in waiting if change.is_name]
    data = [change for change in waiting if not change.is_name]
    for lost in _subsets(names, chance):
        yield "names", dict.fromkeys(lost, LOST)
        yield "names and data", dict.fromkeys([*lost, *(c.number for c in data)], LOST)
    for inode in dict.fromkeys(change.inode for change in data):
        yield from _of_a_file([change for change in data if change.inode == inode], chance)
    for _ in range(SUBSETS):
        yield "anything", _anything(waiting, chance)


def _subsets(names: Sequence[int], chance: random.Random) -> Iterator[Sequence[int]]:
    if len(names) <= ALL_SUBSETS:
        for size in range(1, len(names) + 1):
            yield from itertools.combinations(names, size)
        return
    for _ in range(2**ALL_SUBSETS):
        yield [name for name in names if chance.random() < 0.5]


def _of_a_file(writes: Sequence[Change], chance: random.Random) -> Iterator[tuple[str, Fates]]:
    numbers = [change.number for change in writes]
    yield "a file's data", dict.fromkeys(numbers, LOST)
    yield "a file's data, not its length", dict.fromkeys(numbers, Fate(sized=True))
    for at, change in enumerate(writes):
        after = dict.fromkeys(numbers[at + 1 :], LOST)
        yield "a file's end", {**after, change.number: LOST}
        for cut in _cuts(change.data or b"", chance):
            yield "torn", {**after, change.number: Fate(((0, cut),))}
            yield "torn in its full length", {**after, change.number: Fate(((0, cut),), sized=True)}
    if len(writes) > 1 or len(writes[0].data or b"") > SECTOR:
        for _ in range(SUBSETS):
            yield "pages", {n: fate for n, fate in _pages(writes, chance) if fate is not None}


def _cuts(data: bytes, chance: random.Random) -> list[int]:
    """Where a write is torn: line edges of text, sectors of the rest; and 16 places anywhere."""
    if len(data) < 2:
        return []
    if b"\0" in data:
        edges = list(range(SECTOR, len(data), SECTOR))
    else:
        edges = [at + 1 for at in range(len(data) - 1) if data[at : at + 1] == b"\n"]
    if len(edges) > LINES:
        edges = chance.sample(edges, LINES)
    anywhere = [chance.randrange(1, len(data)) for _ in range(CUTS)]
    return sorted({*edges, *anywhere})


def _pages(writes: Sequence[Change], chance: random.Random) -> Iterator[tuple[int, Fate | None]]:
    """Each write happened, or not, or some of its sectors did."""
    for change in writes:
        kind = chance.random()
        if kind < 0.4:
            yield change.number, None
        elif kind < 0.7:
            yield change.number, LOST
        else:
            yield change.number, _sectors(len(change.data or b""), chance)


def _sectors(size: int, chance: random.Random) -> Fate:
    parts = [(at, min(at + SECTOR, size)) for at in range(0, size, SECTOR) if chance.random() < 0.5]
    return Fate(tuple(parts), sized=chance.random() < 0.5)


def _anything(waiting: Sequence[Change], chance: random.Random) -> Fates:
    fates = dict(_pages([change for change in waiting if not change.is_name], chance))
    lost = {change.number: LOST for change in waiting if change.is_name and chance.random() < 0.5}
    return {number: fate for number, fate in fates.items() if fate is not None} | lost
