"""The store beside its model in a rough world: crashes, damage, other processes, other zones."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from builders import NOW_MS, ZONE, SetClock, wall_clock
from other_process import OtherProcess
from proxypal.records.request import RequestLog
from proxypal.store import Store
from store_model import Import, Model, Numbers, numbers_of
from test_model import StoreBesideModel, examples
from test_model_breakdown import StoreWithMonths
from test_model_talk import StoreThatIsTold


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _garble(path: Path) -> None:
    path.write_bytes(b"\x89garbage\n" * 500)


def _rewrite(path: Path) -> None:
    """As a program does that keeps the keys it knows; no program rewrites a database."""
    if path.suffix != ".json":
        _garble(path)
        return
    tree = json.loads(path.read_bytes())
    tree.pop("published", None)
    path.write_text(json.dumps(tree, indent=2))


HARMS: dict[str, Callable[[Path], None]] = {
    "cut": _cut,
    "zeroed": _zero,
    "garbled": _garble,
    "rewritten": _rewrite,
}


class InTheWorld(StoreBesideModel):
    """Three stores take turns, one of them in another process; now and then all are killed."""

    others: ClassVar[list[OtherProcess]] = []
    """The one, in a list: hypothesis looks for rules in whatever a machine has."""

    @property
    def other(self) -> OtherProcess:
        """The other process."""
        return self.others[0]

    def open_both(self, **options: Any) -> None:
        """And a third, in another process."""
        super().open_both(**options)
        self.other.clock = self.clock
        self.other.open(self.directory)
        assert not self.other.warnings
        self.everybody: list[Any] = [*self.stores, self.other]

    @property
    def store(self) -> Store:
        """One of the three, taking turns."""
        self.turn += 1
        found: Store = self.everybody[self.turn % 3]
        return found

    def close_both(self) -> None:
        """All three; the order is another one each time."""
        order = self.turn % 3
        for store in [*self.everybody[order:], *self.everybody[:order]]:
            store.close()

    @rule()
    def crash(self) -> None:
        """All processes are killed at once: what they had committed is there, nothing else."""
        one, two = self.stores
        image = self.directory.with_name(self.directory.name + "-image")
        with one._engine.lock, two._engine.lock:
            self.other.kill()
            shutil.copytree(self.directory, image)
        one.close()
        two.close()
        shutil.rmtree(self.directory)
        image.rename(self.directory)
        self.open_both()
        assert not self.stores[0].warnings

    @rule(name=st.sampled_from(["history.json", "aggregate.json", "proxypal.db", "month"]),
          harm=st.sampled_from(list(HARMS)))  # fmt: skip
    def damage(self, name: str, harm: str) -> None:
        """A file is harmed while nobody has it open: it is said, and no number changes."""
        self.close_both()
        path = self.directory / name
        if name == "month":
            months = sorted(self.directory.glob("breakdown/*.json"))
            path = months[self.turn % len(months)] if months else path
        is_there = path.exists()
        if is_there:
            HARMS[harm](path)
        if name == "proxypal.db":
            self.forget_the_window()
        self.open_both()
        assert bool(self.stores[0].warnings) == is_there, (path, self.stores[0].warnings)
        assert not self.stores[1].warnings

    @rule()
    def forget(self) -> None:
        """Clear History for good: neither rows nor what could bring them back is kept."""
        self.store.clear_request_history(forget=True)
        self.model.show({})
        for name, aside in list(self.asides.items()):
            if isinstance(aside, dict) or (isinstance(aside, Import) and aside.arrivals):
                del self.asides[name]
                self.undone.discard(name)


class MovingModel(Model):
    """Each request has the day and hour of the zone it was counted in."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.zone = ZONE
        self.zones: dict[int, ZoneInfo] = {}

    def add(self, request: RequestLog, *, count: bool = True) -> int:
        """See `Model.add`; counted where we are now."""
        arrival = super().add(request, count=False)
        if count:
            self.epochs[-1].update(numbers_in(self.zone, request))
            self.counted[arrival] = (len(self.epochs) - 1, request)
            self.zones[arrival] = self.zone
        return arrival

    def revise(self, arrival: int, changes: dict[str, Any]) -> None:
        """See `Model.revise`; a label stays unless the time it is of changes."""
        epoch, old = self.counted[arrival]
        new = msgspec.structs.replace(old, **changes)
        if epoch in self.live:
            zone = self.zones[arrival] if new.timestamp == old.timestamp else self.zone
            self.epochs[epoch].subtract(numbers_in(self.zones[arrival], old))
            self.epochs[epoch].update(numbers_in(zone, new))
            self.zones[arrival] = zone
            self.counted[arrival] = (epoch, new)
        if arrival in self.rows:
            self.rows[arrival] = msgspec.structs.replace(self.rows[arrival], **changes)
        self.show(self.rows)


def numbers_in(zone: ZoneInfo, request: RequestLog) -> Numbers:
    """The numbers of a request, its labels those of a zone."""
    moment = wall_clock(request.timestamp, zone)
    labels = {"day": f"{moment:%Y-%m-%d}", "hour": f"{moment:%Y-%m-%dT%H}"}
    numbers = numbers_of(request)
    return Numbers(
        {(scope, labels.get(scope, label), name): value
         for (scope, label, name), value in numbers.items()}
    )  # fmt: skip


class StoreThatMoves(InTheWorld):
    """The zone of the data is changed again and again."""

    model: MovingModel

    @initialize(limit=st.integers(1, 12))
    def begin(self, limit: int) -> None:
        """A fresh store with a small history."""
        self.model = MovingModel(limit)
        self.open_both(history_limit=limit, zone=ZONE.key)

    @rule(name=st.sampled_from([ZONE.key, "UTC", "Asia/Tokyo", "America/Los_Angeles"]))
    def move(self, name: str) -> None:
        """Labels are of another zone from now on; those that were given stay."""
        self.store.configure(zone=name)
        self.model.zone = ZoneInfo(name)


class StoreWithMonthsInTheWorld(InTheWorld, StoreWithMonths):
    """Months are dropped and brought back meanwhile."""


class StoreThatIsToldInTheWorld(InTheWorld, StoreThatIsTold):
    """Log and queue tell of the same requests meanwhile."""


MACHINES = [StoreThatMoves, StoreWithMonthsInTheWorld, StoreThatIsToldInTheWorld]


@pytest.fixture(scope="module", autouse=True)
def other_process() -> Iterator[None]:
    """One for all."""
    InTheWorld.others.append(OtherProcess(SetClock(NOW_MS)))
    yield
    InTheWorld.others.pop().end()


@pytest.fixture(autouse=True)
def in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores on a disk in memory, where there is one: no power fails here."""
    if Path("/dev/shm").is_dir():
        monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")


@pytest.mark.parametrize("machine", MACHINES)
def test_the_store_in_the_world_is_its_model(machine: type[InTheWorld]) -> None:
    """Killed, harmed, moved to another zone, used by several processes: it is what it promises."""
    run_state_machine_as_test(machine, settings=examples(6, 20))


@pytest.mark.torture
@pytest.mark.parametrize("part", range(20))
@pytest.mark.parametrize("machine", MACHINES)
def test_the_store_in_the_world_ten_thousand_times(
    machine: type[InTheWorld], part: int, record_property: Callable[[str, object], None]
) -> None:
    """The same, ten thousand series of fifty actions; in parts, for memory's sake."""
    assert part in range(20)
    run_state_machine_as_test(machine, settings=examples(167, 50))
    record_property("series of actions beside the model", 167)
