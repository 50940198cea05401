"""Every page and API call of a running server, idle and while another process records."""

import gzip
import json
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import pages_browser
from benchmarks.pages_questions import questions
from benchmarks.pages_server import CALL, PAGE, Client, Server, constants, recording, serving
from benchmarks.pages_store import fill
from benchmarks.pages_tabs import open_tabs
from benchmarks.table import About, Row, seconds, spread

ABOUT = About(
    "Pages and HTTP API",
    "`proxypal serve` runs as a process of its own over a store with ten years of days (200 "
    "models, 20 at a time) and ninety days of invented traffic, 55,000 requests in all. A client "
    "asks over one kept connection, with gzip, one question after the other, and counts from the "
    "question to the last byte. Idle, nothing changes between the questions, so most are answered "
    "from memory. Recording, another process records 1,000 requests a second in batches of 50, "
    "each its own transaction, so that every look is at a changed store and nothing can be "
    "answered from memory. Every page is asked for once before it is timed. The rival is a bare "
    "Starlette on the same server (uvicorn, h11, gzip) that answers the same bytes as a constant: "
    "the ratio is what ProxyPal adds to HTTP, asked in turns while nothing is recorded. Paint and "
    "charts are Chromium's own figures, with an empty cache each time. Memory and processor time "
    "are the system's, of the server alone.",
)

ROUNDS = 150
PER_SECOND = 1_000
IDLE_S, TABS_S = 20.0, 20.0
TABS, TABS_PER_SECOND = 20, 10
SEEN = ["/", "/?range=all", "/requests", "/settings/data"]

_ALL_DAYS = "/api/query?by=day"
_EVER = "Ten years of days are read and encoded anew each time anything has changed."
_SLOW = {
    "/": (
        "While recording, all of its questions are reckoned anew each time, on two cores "
        "that the recorder, the server and the client share: at the 99th percentile it has waited "
        "for them."
    ),
    "/?range=all": (
        "Charts over ten years: some 20 models in each of 120 months, and every group of every "
        "chart is reckoned anew once anything has changed."
    ),
    _ALL_DAYS: (
        "3,740 days with 19 figures each, 1.3 MB of JSON: most of the time goes into making that "
        "many objects and compressing them."
    ),
    "/api/stats": _EVER,
    "/api/export/aggregate.json": _EVER,
    "/metrics": (
        "All 200 models of ten years are 3,000 samples, and prometheus-client writes each of "
        "them in Python. Prometheus asks every 15 seconds."
    ),
}


class Asked(NamedTuple):
    """An address, and what it may take at the 99th percentile."""

    address: str
    aim_ms: int

    @property
    def is_page(self) -> bool:
        """Whether a browser asks for it."""
        return self.aim_ms == 50


ASKED = [
    *(
        Asked(address, 50)
        for address in (
            "/", "/?range=24h", "/?range=all", "/requests", "/settings/data",
            "/settings/sources", "/settings/prices", "/settings/appearance", "/api",
        )
    ),
    *(
        Asked(address, 20)
        for address in (
            "/api/stats", "/api/history", "/api/history?limit=50", "/api/backups", "/api/sources",
            "/api/gaps", "/api/budgets", "/api/query?range=30d&by=day",
            "/api/query?range=7d&by=model&metrics=requests,cost,p95", _ALL_DAYS, "/metrics",
            "/healthz", "/api/openapi.json", "/api/export/history.csv",
            "/api/export/aggregate.json",
        )
    ),
]  # fmt: skip


def measure(folder: Path) -> list[Row]:
    """One store, one server, everything in turn."""
    path = folder / "pages"
    fill(path)
    rows = questions(path, folder / "raw.db")
    rows.append(_stats_beside_files(path))
    with serving(path) as server:
        time.sleep(3)
        rows += _idle(server)
        bodies = _bodies(server)
        rows += _calls(server, path, bodies, folder / "constants")
        rows += _painted(server)
        rows += _with_tabs(server, path)
        memory = f"{server.memory_mb():.0f} MB"
    rows.append(Row("memory after all of this", memory, "", "", "", ""))
    return rows


def _idle(server: Server) -> list[Row]:
    memory = server.memory_mb()
    share = server.cpu_percent(IDLE_S)
    return [
        Row("memory of `serve`, idle", f"{memory:.0f} MB", "", "", "", "< 80 MB"),
        Row("processor, idle", f"{share:.2f} % of a core", "", "", "", "< 0.5 %"),
    ]


def _bodies(server: Server) -> dict[str, bytes]:
    """Ask for each once, so that nothing is timed that happens only once in a run."""
    client = Client(server.host)
    found = {one.address: client.get(one.address, _headers(one))[1] for one in ASKED}
    client.close()
    return found


def _headers(asked: Asked) -> dict[str, str]:
    return PAGE if asked.is_page else CALL


def _calls(server: Server, path: Path, bodies: dict[str, bytes], folder: Path) -> list[Row]:
    folder.mkdir()
    for number, one in enumerate(ASKED):
        (folder / str(number)).write_bytes(_plain(bodies[one.address]))
    idle: dict[str, list[float]] = {one.address: [] for one in ASKED}
    constant: dict[str, list[float]] = {one.address: [] for one in ASKED}
    busy: dict[str, list[float]] = {one.address: [] for one in ASKED}
    client = Client(server.host)
    with constants(folder) as rival:
        other = Client(rival.host)
        for _ in range(ROUNDS):
            for number, one in enumerate(ASKED):
                idle[one.address].append(client.get(one.address, _headers(one))[0])
                constant[one.address].append(other.get(f"/{number}", _headers(one))[0])
    with recording(path, PER_SECOND) as kept:
        for one in ASKED:  # the first look after a pause is not what is asked about
            client.get(one.address, _headers(one))
        for _ in range(ROUNDS):
            for one in ASKED:
                busy[one.address].append(client.get(one.address, _headers(one))[0])
    rows = [
        _row(one, bodies[one.address], idle[one.address], busy[one.address], constant[one.address])
        for one in ASKED
    ]
    pace = f"{kept[0]:.0f} requests/s"
    return [*rows, Row("recorded meanwhile", pace, "", "", "", f"{PER_SECOND:,} requests/s")]


def _plain(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _row(
    one: Asked, body: bytes, idle: list[float], busy: list[float], constant: list[float]
) -> Row:
    ratios = [ours / theirs for ours, theirs in zip(idle, constant, strict=True)]
    size = f", < 60 kB (is {len(body) / 1000:.0f})" if one.is_page else ""
    return Row(
        f"`{one.address}`",
        f"idle {_late(idle)}; recording {_late(busy)}",
        "a constant of the same size",
        _late(constant),
        spread(ratios, " ×"),
        f"p99 < {one.aim_ms} ms{size}",
        _SLOW.get(one.address, ""),
    )


def _late(times: list[float]) -> str:
    late = statistics.quantiles(times, n=100)[98]
    return f"p50 {statistics.median(times):.1f} ms, p99 {late:.1f} ms"


def _painted(server: Server) -> list[Row]:
    if pages_browser.CHROMIUM is None:
        return [Row("first paint", "not measured: no Chromium here", "", "", "", "< 500 ms")]
    try:
        seen = pages_browser.look(server.url, SEEN)
    except ImportError:
        return [Row("first paint", "not measured: no playwright here", "", "", "", "< 500 ms")]
    rows = []
    for address, found in seen.items():
        rows.append(
            Row(f"`{address}`: first contentful paint", spread(found.painted, " ms"), "", "", "",
                "< 500 ms")
        )  # fmt: skip
        if found.drawn:
            what = f"`{address}`: charts drawn"
            rows.append(Row(what, spread(found.drawn, " ms"), "", "", "", "< 500 ms"))
    return rows


def _with_tabs(server: Server, path: Path) -> list[Row]:
    with recording(path, TABS_PER_SECOND), open_tabs(server.host, TABS) as times:
        time.sleep(2)
        share = server.cpu_percent(TABS_S)
        taken = [*times]
    return [
        Row(
            f"processor, {TABS} people looking, {TABS_PER_SECOND} requests/s",
            f"{share:.1f} % of a core", "", "", "", "",
        ),
        Row("a part of the page made new, meanwhile", _late(taken), "", "", "", "p99 < 50 ms"),
    ]  # fmt: skip


def _stats_beside_files(path: Path) -> Row:
    """The seed's way: read both files, then write the answer."""
    from proxypal import Store  # noqa: PLC0415 - beside what it is compared with
    from proxypal.web.json_answers import encode  # noqa: PLC0415 - the same

    def read_files() -> str:
        aggregate = json.loads((path / "aggregate.json").read_text())
        history = json.loads((path / "history.json").read_text())
        return json.dumps({**aggregate, "historyCount": len(history["requests"])})

    with Store(path) as store:
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: encode(store.get_usage_stats())) * 1000)
            theirs.append(seconds(read_files) * 1000)
    return Row(
        "get_usage_stats() and its JSON, ten years of days",
        spread(ours, " ms"),
        "the seed: json.load of both files, json.dumps",
        spread(theirs, " ms"),
        spread([t / o for o, t in zip(ours, theirs, strict=True)], " ×"),
        "",
    )
