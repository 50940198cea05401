"""A soak: weeks of traffic through log and queue into `proxypal serve` within minutes.

Hour by hour of a clock that all share: requests are made, and pages and the API are asked until
everything is counted, exactly. What the log and the queue told is summed up by the fake proxy.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from fake_proxy import FakeProxy
from fake_truth import Expected
from programs import python_path
from proxypal.clock import now_ms
from proxypal.store import Store
from running import environment
from soak_clock import SharedClock
from soak_figures import Sample, memory_of, not_flat, sizes_of, table
from soak_traffic import HOUR_MS, KEYS, SoakTraffic, requests_by_hour
from web_running import Client

TESTS = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("soak_program.py")
COUNTED_WITHIN_S = 120.0
_LOGS_KEPT = 2


class Plan(NamedTuple):
    """How much, over how many days; `samples` are taken at equal distances."""

    requests: int
    days: int
    samples: int = 12
    seed: int = 1


class Outcome(NamedTuple):
    """`wrong` is empty if all totals are exact, `grown` if nothing grew that must not."""

    samples: list[Sample]
    wrong: list[str]
    grown: list[str]
    seconds: float

    def told(self) -> str:
        """For people."""
        last = self.samples[-1]
        verdict = "; ".join(self.wrong + self.grown) or "all totals exact, nothing grew"
        return (
            f"{table(self.samples)}\n\n{last.requests:,} requests of {last.day} days in "
            f"{self.seconds:,.0f} s: {verdict}."
        )


class Soak:
    """One soak in a folder. `run()` it once."""

    def __init__(self, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._home = folder
        self._data = folder / "data"
        self._begins_ms = now_ms() // HOUR_MS * HOUR_MS - plan.days * 24 * HOUR_MS
        self._clock = SharedClock.made(folder / "clock", self._begins_ms)
        self._expected = Expected()
        self._times: dict[str, list[float]] = {}
        self._samples: list[Sample] = []
        self._sampled: tuple[int, float] = (0, time.perf_counter())

    def run(self) -> Outcome:
        """Soak, and compare everything."""
        begun_s = time.perf_counter()
        # A buffer that holds an hour: how a proxy loses records is proven elsewhere.
        with FakeProxy(
            self._home / "proxy", clock=self._clock, client_keys=KEYS, buffer=1_000_000
        ) as fake:
            traffic = SoakTraffic(fake, seed=self._plan.seed)
            with self._serving(fake) as client:
                fake.wait_subscribed()
                self._soak(fake, traffic, client)
        wrong = self._wrong_totals()
        return Outcome(self._samples, wrong, not_flat(self._samples), time.perf_counter() - begun_s)

    def _soak(self, fake: FakeProxy, traffic: SoakTraffic, client: "_Served") -> None:
        hours = requests_by_hour(self._plan.requests, self._plan.days)
        due = sum(hours) / self._plan.samples
        for hour, count in enumerate(hours):
            begins_ms = self._begins_ms + hour * HOUR_MS
            # The hour is over before it is told: nobody may find a line of the future, and all
            # of it is well inside the time in which log and queue can join.
            self._clock.put(begins_ms + HOUR_MS)
            traffic.hour(begins_ms, count)
            self._sum_up(fake)
            self._until_counted(client)
            if hour % 4 == 0:
                self._look(client, "overview_ms", "/")
            if hour % 60 == 0:
                self._command("stats", "--json")
                self._command("history", "--limit", "20", "--json")
            if traffic.asked >= due * (len(self._samples) + 1):
                self._sample(traffic.asked, hour // 24 + 1, client.process_id)

    def _sum_up(self, fake: FakeProxy) -> None:
        """Add up what was told, and let go of it: the fake's memory is no part of the test."""
        fake.wait_drained()
        told = fake.truth.expected()
        _add(self._expected, told)
        fake.truth.requests.clear()
        fake.queue.fates.clear()
        fake.planted.clear()
        rotated = sorted(fake.log.main.parent.glob("main-*.log"))
        for path in rotated[:-_LOGS_KEPT]:
            path.unlink()

    def _until_counted(self, client: "_Served") -> None:
        """Ask until every line and every record of this hour is in the totals."""
        total = self._expected.total
        wanted = (total.requests, total.tokens.input, total.tokens.output)
        deadline = time.monotonic() + COUNTED_WITHIN_S
        while True:
            stats = json.loads(self._look(client, "stats_ms", "/api/stats"))
            found = tuple(stats[n] for n in ("totalRequests", "inputTokens", "outputTokens"))
            if found == wanted:
                return
            late = time.monotonic() > deadline
            assert not late, f"{found} is counted, {wanted} was told; {client.said()}"
            time.sleep(0.02)

    def _look(self, client: "_Served", what: str, path: str) -> bytes:
        begun_s = time.perf_counter()
        got = client.get(path, {"Accept": "text/html"} if path == "/" else None)
        self._times.setdefault(what, []).append((time.perf_counter() - begun_s) * 1000)
        assert got.status == 200, got.text
        return got.body

    def _command(self, *arguments: str) -> None:
        begun_s = time.perf_counter()
        run = subprocess.run(
            _command(self._clock, *arguments),
            env=_environment(self._home),
            capture_output=True,
            timeout=60,
            check=False,
        )
        self._times.setdefault("command_ms", []).append((time.perf_counter() - begun_s) * 1000)
        assert run.returncode == 0, run.stderr.decode()

    def _sample(self, asked: int, day: int, process_id: int) -> None:
        before, then_s = self._sampled
        self._sampled = asked, time.perf_counter()
        sample = Sample(
            requests=asked,
            day=day,
            memory=memory_of(process_id),
            stats_ms=self._times.pop("stats_ms", []),
            overview_ms=self._times.pop("overview_ms", []),
            command_ms=self._times.pop("command_ms", []),
            sizes=sizes_of(self._data),
            per_second=(asked - before) / (self._sampled[1] - then_s),
        )
        self._samples.append(sample)
        self._say(table([sample]).splitlines()[-1])

    def _wrong_totals(self) -> list[str]:
        """The totals of the closed store, by model, provider and day, beside what was told."""
        with Store(self._data, clock=self._clock) as store:
            stats = store.get_usage_stats()
            off = [found.detail for found in store.check() if not found.ok]
        by_day = sum(point.value for point in stats.requests_by_day)
        if by_day != stats.total_requests:
            off.append(f"days: {by_day} requests, in all {stats.total_requests}")
        return [*self._expected.differences(stats), *off]

    @contextlib.contextmanager
    def _serving(self, fake: FakeProxy) -> "Iterator[_Served]":
        key = self._home / "key.txt"
        key.write_text(fake.key)
        arguments = (
            *("serve", "--port", "0", "--no-browser", "--log", str(fake.log.main)),
            *("--log-zone", "UTC", "--cliproxy", fake.url, "--management-key-file", str(key)),
        )
        said = (self._home / "said").open("w+b")
        with (
            said,
            subprocess.Popen(
                _command(self._clock, *arguments),
                stdout=subprocess.PIPE,
                stderr=said,
                env=_environment(self._home),
            ) as process,
        ):
            try:
                assert process.stdout is not None
                url = process.stdout.readline().decode().strip()
                client = _Served(int(url.rpartition(":")[2].strip("/")), process.pid, self._home)
                threading.Thread(target=client.listen, daemon=True).start()
                yield client
                process.terminate()
                assert process.wait(60) == 0, client.said()
            finally:
                process.kill()


class _Served(Client):
    """`proxypal serve`, as a browser sees it that stays open."""

    def __init__(self, port: int, process_id: int, home: Path) -> None:
        super().__init__(port)
        self.process_id = process_id
        self._home = home

    def listen(self) -> None:
        """Take the live events, until they end."""
        with contextlib.suppress(OSError, AssertionError), self.events() as events:
            for _ in events:
                pass

    def said(self) -> str:
        """What it wrote to the terminal."""
        return (self._home / "said").read_text()[-2000:]


def _command(clock: SharedClock, *arguments: str) -> list[str]:
    return [sys.executable, str(PROGRAM), str(clock.path), *arguments]


def _environment(home: Path) -> dict[str, str]:
    paths = (TESTS, TESTS / "fake_cliproxy", PROGRAM.parent)
    return environment(home, PYTHONPATH=python_path(*paths), TZ="UTC")


def _add(whole: Expected, part: Expected) -> None:
    """Add what a part of the traffic came to."""
    groups: Any
    for name in ("by_model", "by_provider", "by_key"):
        groups = getattr(whole, name)
        for label, sums in getattr(part, name).items():
            groups[label] = _sum(groups[label], sums) if label in groups else sums
    whole.total = _sum(whole.total, part.total)


def _sum(one: Any, other: Any) -> Any:
    names = ("requests", "successes", "failures", "tokens")
    return msgspec.structs.replace(
        one, **{name: getattr(one, name) + getattr(other, name) for name in names}
    )
