"""`proxypal serve` as a process of its own, a client that times it, and what it costs meanwhile."""

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

PAGE = {"Accept": "text/html", "Accept-Encoding": "gzip"}
CALL = {"Accept": "application/json", "Accept-Encoding": "gzip"}


class Server:
    """A running server: its address, and its process as the system counts it (Linux only)."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url
        self.host = urlsplit(url).netloc

    def cpu_s(self) -> float:
        """Processor time it has taken so far."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """What it has in memory now."""
        text = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_percent(self, over_s: float, until: Callable[[float], object] = time.sleep) -> float:
        """Its share of one core while `until(over_s)` waits."""
        before, started = self.cpu_s(), time.perf_counter()
        until(over_s)
        return 100 * (self.cpu_s() - before) / (time.perf_counter() - started)


class Client:
    """One connection that is kept, as a browser keeps it."""

    def __init__(self, host: str) -> None:
        self._connection = http.client.HTTPConnection(host, timeout=60)
        self._connection.connect()

    def get(self, address: str, headers: Mapping[str, str]) -> tuple[float, bytes]:
        """Milliseconds from the question to the last byte, and the body as it was sent.

        Raises:
            SystemExit: it was not answered with 200.
        """
        started = time.perf_counter()
        self._connection.request("GET", address, headers=dict(headers))
        response = self._connection.getresponse()
        body = response.read()
        taken_ms = (time.perf_counter() - started) * 1000
        if response.status != 200:
            raise SystemExit(f"{address} answered {response.status}")
        return taken_ms, body

    def events(self, address: str) -> Iterator[str]:
        """The kinds of the server-sent events, as they come."""
        self._connection.request("GET", address, headers={"Accept": "text/event-stream"})
        response = self._connection.getresponse()
        while line := response.readline().decode():
            name, _, value = line.strip().partition(": ")
            if name == "event":
                yield value

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


@contextmanager
def serving(path: Path) -> Iterator[Server]:
    """`proxypal serve` over a data directory, with a log that is there and quiet."""
    log = path.with_suffix(".log")
    log.touch()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "proxypal", "serve", "--data-dir", str(path), "--port", "0",
            "--no-browser", "--log", str(log),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with ended(process) as started:
        yield started


@contextmanager
def constants(folder: Path) -> Iterator[Server]:
    """The rival: a bare Starlette that answers files of a folder from memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pages_constant", str(folder)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with ended(process) as started:
        yield started


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator[Server]:
    """What it serves at, from its first line; at the end it is ended."""
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url:
        raise SystemExit("the server did not start")
    threading.Thread(target=process.stdout.read, daemon=True).start()
    try:
        yield Server(process, url)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def recording(path: Path, per_second: int) -> Iterator[list[float]]:
    """Another process records at this pace; afterwards the list has the pace that was kept."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pages_recorder", str(path), str(per_second)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    kept: list[float] = []
    try:
        time.sleep(1.5)  # it draws its requests first
        yield kept
    finally:
        said, _ = process.communicate()
        recorded, taken_s = said.split()
        kept.append(int(recorded) / float(taken_s))
