"""Any one file of the data directory is lost or harmed in any way, and no number changes."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harming import (
    DATABASE,
    JSON_FILES,
    Answers,
    Harm,
    Images,
    answers_of,
    harms_of,
    kept_aside,
)
from law import audit_files, open_store
from running import proxypal

Copied = Callable[[Path], Path]

pytest_plugins = ["damage_fixtures"]


def mended(directory: Path) -> tuple[Answers, list[str]]:
    """What the store answers once it is opened, and what it says happened; left sound."""
    with open_store(directory) as store:
        answers, warnings = answers_of(store), list(store.warnings)
        off = [finding for finding in store.check() if not finding.ok]
        assert not off, off
    audit_files(directory)
    with open_store(directory) as store:
        assert store.warnings == []
        assert answers_of(store) == answers
    return answers, warnings


def harm_and_check(harm: Harm, name: str, directory: Path, images: Images) -> None:
    """Harm a file, open, and see that nothing changed, the file was kept and it was said."""
    path = directory / name
    harm.act(path, images.older / name)
    harmed = path.read_bytes() if path.exists() else b""
    answers, warnings = mended(directory)
    assert answers == images.answers
    assert [w for w in warnings if w.startswith(name)], f"{name} is not named in {warnings}"
    if harmed:
        assert harmed in kept_aside(directory, name)
    if harm.name == "deleted":
        assert any("missing" in w for w in warnings)


CLOSED = list(harms_of((DATABASE, *JSON_FILES)))


@pytest.mark.parametrize(("name", "harm"), CLOSED, ids=[f"{n}-{h}" for n, h in CLOSED])
def test_one_file_after_a_clean_close(
    name: str, harm: Harm, images: Images, copied: Copied
) -> None:
    """Whatever happened to one file of a closed store, twice even, every answer is the same."""
    directory = copied(images.closed)
    harm_and_check(harm, name, directory, images)
    harm_and_check(harm, name, directory, images)


KILLED = list(harms_of(JSON_FILES))


@pytest.mark.parametrize(("name", "harm"), KILLED, ids=[f"{n}-{h}" for n, h in KILLED])
def test_one_json_file_after_a_crash(name: str, harm: Harm, images: Images, copied: Copied) -> None:
    """Whatever happened to a JSON file of a killed store, every answer is the same."""
    harm_and_check(harm, name, copied(images.killed), images)


SQLITE = [
    (name, harm)
    for name, harm in harms_of((DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"))
    if name == DATABASE or harm.name != "put back from an older copy"
]


@pytest.mark.parametrize(("name", "harm"), SQLITE, ids=[f"{n}-{h}" for n, h in SQLITE])
def test_one_database_file_after_a_crash(
    name: str, harm: Harm, images: Images, copied: Copied
) -> None:
    """Whatever happened to a file of SQLite's in a killed store, every published number is back."""
    directory = copied(images.killed)
    harm.act(directory / name, images.older / name)
    answers, warnings = mended(directory)
    assert answers == images.answers
    # The index is only a cache: SQLite makes it again.
    expected = 0 if name.endswith("-shm") else 1
    assert len([w for w in warnings if w.startswith(DATABASE)]) == expected


def harm_a_part(chance: random.Random, directory: Path) -> str:
    """Zero or scramble a stretch of the database, as a failing disk does."""
    path = directory / DATABASE
    data = bytearray(path.read_bytes())
    size = chance.choice((512, 4096, 20_000))
    at = chance.randrange(len(data) - size)
    data[at : at + size] = bytes(size) if chance.random() < 0.5 else chance.randbytes(size)
    path.write_bytes(data)
    return f"{size} bytes at {at}"


@pytest.mark.parametrize("seed", range(40))
def test_a_part_of_the_database(seed: int, images: Images, copied: Copied) -> None:
    """A stretch of the database that a disk lost is found on opening, and every answer is back."""
    chance = random.Random(seed)
    directory = copied(chance.choice((images.closed, images.killed)))
    where = harm_a_part(chance, directory)
    assert mended(directory)[0] == images.answers, where


@pytest.mark.torture
def test_any_part_of_the_database(images: Images, tmp_path: Path) -> None:
    """Any of 2,000 stretches that a disk lost is found on opening, and every answer is back."""
    chance = random.Random(0)
    for number in range(2000):
        directory = tmp_path / str(number)
        shutil.copytree(chance.choice((images.closed, images.killed)), directory)
        where = harm_a_part(chance, directory)
        assert mended(directory)[0] == images.answers, where
        shutil.rmtree(directory)


@pytest.mark.parametrize(
    ("name", "harm"),
    [(n, h) for n, h in CLOSED if h.name in {"deleted", "cut to 8 sixteenths"}],
    ids=str,
)
def test_the_program_shows_the_same(name: str, harm: Harm, images: Images, tmp_path: Path) -> None:
    """`stats --json` and `history --json` print the same, and stderr says what happened."""
    directory = tmp_path / "data"
    shutil.copytree(images.closed, directory)
    before = [proxypal(tmp_path, command, "--json") for command in ("stats", "history")]
    harm.act(directory / name, images.older / name)
    after = [proxypal(tmp_path, command, "--json") for command in ("stats", "history")]
    assert [run.out for run in after] == [run.out for run in before]
    assert [run.code for run in after] == [0, 0]
    assert name in after[0].err
    assert after[1].err == before[1].err == ""
