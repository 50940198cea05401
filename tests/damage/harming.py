"""Directories that were lived in, what they answer, and every way to harm a file of theirs."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from law import open_store, requests
from proxypal.records.aggregate import Aggregate, RequestHistory, UsageStats
from proxypal.store import Store
from proxypal.store.values import SourceBatch

JSON_FILES = ("history.json", "aggregate.json")
DATABASE = "proxypal.db"


class Answers(NamedTuple):
    """Everything a user can ask."""

    stats: UsageStats
    aggregate: Aggregate
    history: RequestHistory


def answers_of(store: Store) -> Answers:
    return Answers(store.get_usage_stats(), store.get_aggregate(), store.get_request_history())


class Images(NamedTuple):
    """Directories to copy: `closed` and `killed` hold the same requests, `older` fewer."""

    closed: Path
    killed: Path
    older: Path
    answers: Answers


def make_images(folder: Path) -> Images:
    """A store with a past: batches, a log, a reset that was undone, more than history holds."""
    live, older, killed = folder / "closed", folder / "older", folder / "killed"
    with open_store(live) as store:
        store.record(requests(0, 300))
        reset = store.reset_aggregate_stats()
        store.record(requests(300, 50))
    shutil.copytree(live, older)
    with open_store(live) as store:
        store.restore(reset.name)
        store.record(requests(350, 400))
        store.record_batch(
            SourceBatch(
                source="log", start=None, generation=0, state=b"{}", requests=requests(750, 20)
            )
        )
    with open_store(live) as store:
        for item in requests(770, 40):
            store.record([item])
        store.publish()
        answers = answers_of(store)
        shutil.copytree(live, killed)
    return Images(live, killed, older, answers)


class Harm(NamedTuple):
    """What happens to a file; `act` gets it, and the same file of the older copy."""

    name: str
    act: Callable[[Path, Path], None]

    def __str__(self) -> str:
        """The name, for the test's own name."""
        return self.name


def _delete(path: Path, _: Path) -> None:
    path.unlink()


def _cut_to(sixteenths: int) -> Callable[[Path, Path], None]:
    def cut(path: Path, _: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) * sixteenths // 16])

    return cut


def _zero(path: Path, _: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _randomise(path: Path, _: Path) -> None:
    path.write_bytes(random.Random(path.name).randbytes(path.stat().st_size))


def _write(text: str) -> Callable[[Path, Path], None]:
    def write(path: Path, _: Path) -> None:
        path.write_text(text)

    return write


def _put_back(path: Path, older: Path) -> None:
    shutil.copy(older, path)


def rewrite(path: Path, _: Path | None = None) -> None:
    """As the original app does, which keeps only the keys it knows."""
    tree = json.loads(path.read_text())
    del tree["published"]
    path.write_text(json.dumps(tree, indent=2))


def _edit(path: Path, _: Path) -> None:
    tree = json.loads(path.read_text())
    tree["totalTokensIn"] = 1
    path.write_text(json.dumps(tree, indent=2))


HARMS = (
    Harm("deleted", _delete),
    *(Harm(f"cut to {n} sixteenths", _cut_to(n)) for n in range(16)),
    Harm("zeroed", _zero),
    Harm("random bytes", _randomise),
    Harm("a list", _write("[1, 2]")),
    Harm("a string", _write('"requests"')),
    Harm("an empty object", _write("{}")),
    Harm("an object of another shape", _write('{"requests": 5}')),
    Harm("a deep nest", _write("[" * 100_000)),
    Harm("put back from an older copy", _put_back),
)
JSON_HARMS = (*HARMS, Harm("rewritten without our key", rewrite), Harm("edited by hand", _edit))


def harms_of(names: tuple[str, ...]) -> Iterator[tuple[str, Harm]]:
    """Each file with each harm that fits it."""
    for name in names:
        for harm in JSON_HARMS if name in JSON_FILES else HARMS:
            yield name, harm


def kept_aside(directory: Path, name: str) -> list[bytes]:
    """The contents of what was set aside of a file."""
    kept = [*directory.glob(f"{name}.corrupt-*"), *directory.glob(f"{name}.foreign-*")]
    return [path.read_bytes() for path in kept]
