"""Months' files lost or harmed in any way, alone and with anything else: no number is wrong.

With the database there nothing changes. Without it totals stay, and what a lost month told of
hours and names is said to be unknown, never made up.
"""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harming import DATABASE, JSON_FILES, JSON_HARMS, Harm, kept_aside
from known_breakdown import (
    FOLDER,
    MONTHS,
    Kept,
    contents_of,
    known_to,
    make_kept,
    mended,
    never_more,
    sizeless,
    spread,
)
from law import open_store, reopen
from month_files import months_in

FILES = (DATABASE, *JSON_FILES, *(f"{FOLDER}/{month}.json" for month in MONTHS))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A store with a past."""
    return make_kept(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def directory(kept: Kept, tmp_path: Path) -> Path:
    """A copy to harm."""
    shutil.copytree(kept.newer, tmp_path / "data")
    return tmp_path / "data"


# -- with the database there


@pytest.mark.parametrize("harm", JSON_HARMS, ids=str)
def test_a_months_file_is_harmed(harm: Harm, directory: Path, kept: Kept) -> None:
    """Whatever happened to a month's file, every answer is the same, the bad file is kept."""
    path = directory / FOLDER / "2026-02.json"
    before = contents_of(directory)
    harm.act(path, kept.older / FOLDER / path.name)
    harmed = path.read_bytes() if path.exists() else b""
    known, warnings = mended(directory)
    assert sizeless(known) == sizeless(kept.known)
    assert [w for w in warnings if w.startswith("breakdown/2026-02.json")] == warnings
    assert len(warnings) == 1
    assert contents_of(directory) == before
    if harmed:
        assert harmed in kept_aside(directory / FOLDER, path.name)


def test_months_change_places(directory: Path, kept: Kept) -> None:
    """A month's file in another month's place is not taken for it."""
    paths = [directory / FOLDER / f"{month}.json" for month in MONTHS[:2]]
    one, other = (path.read_bytes() for path in paths)
    paths[0].write_bytes(other)
    paths[1].write_bytes(one)
    for name in ((), (DATABASE,)):
        for lost in name:
            (directory / lost).unlink()
        known, _ = mended(directory)
        assert sizeless(known) == sizeless(kept.known)


@pytest.mark.parametrize("what", ["deleted", "emptied", "older", "another store's"])
def test_the_whole_folder_is_harmed(what: str, directory: Path, kept: Kept, tmp_path: Path) -> None:
    """The folder is lost or replaced: every answer is the same, and it is all there again."""
    folder = directory / FOLDER
    before = contents_of(directory)
    shutil.rmtree(folder)
    if what == "emptied":
        folder.mkdir()
    elif what == "older":
        shutil.copytree(kept.older / FOLDER, folder)
    elif what == "another store's":
        with open_store(tmp_path / "other") as other:
            other.record(spread(0, 900))
        shutil.copytree(tmp_path / "other" / FOLDER, folder)
    known, warnings = mended(directory)
    assert sizeless(known) == sizeless(kept.known)
    assert all("breakdown" in warning for warning in warnings)
    assert len(warnings) >= 1
    assert contents_of(directory) == before


def test_a_file_in_the_folders_place_is_left_and_told(directory: Path, kept: Kept) -> None:
    """Where no folder can be, every answer is the same, and doctor says what is wrong."""
    shutil.rmtree(directory / FOLDER)
    (directory / FOLDER).write_text("no folder")
    with open_store(directory) as store:
        assert sizeless(known_to(store)) == sizeless(kept.known)
        assert any(FOLDER in warning for warning in store.warnings)
        assert [found.check for found in store.check() if not found.ok] == ["breakdown/"]
    assert (directory / FOLDER).read_text() == "no folder"
    (directory / FOLDER).unlink()
    assert sizeless(mended(directory)[0]) == sizeless(kept.known)


def test_what_is_no_month_is_left_alone(directory: Path, kept: Kept) -> None:
    """Files beside the months are nobody's business, with the database or without."""
    beside = ("notes.txt", "2026-01.json.bak", "2026-01.json.foreign-x", "x/y.json")
    (directory / FOLDER / "x").mkdir()
    for name in beside:
        (directory / FOLDER / name).write_text("{}")
    assert mended(directory) == (kept.known, [])
    (directory / DATABASE).unlink()
    assert mended(directory)[0] == kept.known
    for name in beside:
        assert (directory / FOLDER / name).read_text() == "{}"


def test_months_are_lost_under_open_stores(directory: Path, kept: Kept) -> None:
    """A folder deleted while stores use it is whole again when they are closed."""
    with open_store(directory) as one, open_store(directory) as other:
        shutil.rmtree(directory / FOLDER)
        one.record(spread(700, 1))
        other.record(spread(701, 1))
        assert other.get_usage_stats().total_requests == kept.known.aggregate.total_requests + 2
    assert {path.stem for path in (directory / FOLDER).iterdir()} == set(MONTHS)
    assert reopen(directory).warnings == []


# -- without the database


@pytest.mark.parametrize("harm", ["deleted", "zeroed", "random bytes", "cut to 8 sixteenths"])
def test_nothing_of_the_breakdown_goes_with_the_database(
    harm: str, directory: Path, kept: Kept
) -> None:
    """Hours, days without hours, durations and keys are exactly those from before, twice over."""
    for _ in range(2):
        next(one for one in JSON_HARMS if one.name == harm).act(directory / DATABASE, directory)
        known, warnings = mended(directory)
        assert known == kept.known
        assert len([w for w in warnings if w.startswith(DATABASE)]) == 1
        with open_store(directory) as store:
            assert months_in(store, *MONTHS) == kept.inside


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("harm", ["deleted", "zeroed", "rewritten without our key"])
def test_a_month_and_the_database_are_lost(
    harm: str, month: str, directory: Path, kept: Kept
) -> None:
    """All totals are there; of the month, answers say what they cannot tell any more."""
    (directory / DATABASE).unlink()
    path = directory / FOLDER / f"{month}.json"
    next(one for one in JSON_HARMS if one.name == harm).act(path, path)
    known, warnings = mended(directory)
    assert known.aggregate == kept.known.aggregate
    assert known.gaps == kept.known.gaps
    never_more(known, kept.known)
    lost = {one.month for one in known.months if one.placed < one.requests}
    assert lost <= {month}, "the others are whole"
    if lost:
        assert any(month in warning and "not known any more" in warning for warning in warnings)
        assert not known.answers[0].exact
        told = sum(note.requests for note in known.answers[0].notes if note.kind == "noNames")
        (one,) = (one for one in known.months if one.month == month)
        assert told >= one.requests - one.placed


HARMS: dict[str, Callable[[Path, Path], None]] = {
    harm.name: harm.act
    for harm in JSON_HARMS
    if harm.name
    in {"deleted", "zeroed", "random bytes", "cut to 8 sixteenths", "put back from an older copy"}
}


def harm_some(chance: random.Random, kept: Kept, directory: Path) -> dict[str, str]:
    """What happened to which file."""
    done: dict[str, str] = {}
    for name in chance.sample(FILES, chance.choice((1, 2, 2, 3, 5))):
        older = kept.older / name
        how = chance.choice([h for h in HARMS if "older" not in h or older.exists()])
        HARMS[how](directory / name, older)
        done[name] = how
    return done


def harm_and_judge(chance: random.Random, kept: Kept, directory: Path) -> None:
    """Any files harmed at once, and what is known then."""
    shutil.copytree(kept.newer, directory)
    done = harm_some(chance, kept, directory)
    truth = kept.known
    try:
        known, warnings = mended(directory)
        assert warnings
        is_older = {name for name, how in done.items() if "older" in how}
        newest_pair = {"history.json", "aggregate.json"} - done.keys()
        if DATABASE not in done:
            assert sizeless(known) == sizeless(truth)
        elif "aggregate.json" not in done:
            assert known.aggregate == truth.aggregate
            assert known.gaps == truth.gaps
        if newest_pair or DATABASE not in done or not is_older:
            never_more(known, truth)
    except BaseException as error:
        error.add_note(f"{done}")
        raise


@pytest.mark.parametrize("seed", range(20))
def test_several_files_at_once(seed: int, kept: Kept, tmp_path: Path) -> None:
    """Whichever files are lost, harmed or put back: nothing is made up, and totals outlast it."""
    harm_and_judge(random.Random(seed), kept, tmp_path / "data")


@pytest.mark.torture
@pytest.mark.parametrize("part", range(20))
def test_any_files_at_once(part: int, kept: Kept, tmp_path: Path) -> None:
    """The same, two thousand times."""
    for seed in range(100):
        harm_and_judge(random.Random(f"{part} {seed}"), kept, tmp_path / f"{seed}")
        shutil.rmtree(tmp_path / f"{seed}")
