"""A usage queue from a local RESP server to durable store, and what pricing a request costs.

The rival takes the same records over the same protocol, decodes their JSON and keeps each as a
row of an SQLite database (WAL, FULL), a thousand in a transaction: nothing is understood, masked,
priced, joined or summed.
"""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import genai_prices
import msgspec
import redis

from benchmarks.table import About, Row, seconds, spread
from proxypal import Store
from proxypal.cli.foreground import collect_garbage_rarely
from proxypal.records.attempt import Attempt, Tokens
from proxypal.records.key_labels import KeyLabels
from proxypal.records.queue_payload import read_payload
from proxypal.service.pricing import Pricing
from proxypal.service.queue_settings import QueueSettings
from proxypal.service.watching import watch
from proxypal.sources.management_key import KeySource
from proxypal.sources.queue_address import parse_address

ABOUT = About(
    "Reading the usage queue",
    "40,000 records from a local RESP server in a process of its own to a durable store, "
    "understood, masked, priced, joined and counted. The rival takes the same records over "
    "the same protocol, decodes their JSON and keeps each as a row of an SQLite database "
    "(WAL, FULL), a thousand in a transaction.",
)

RECORDS = 40_000
ROUNDS = 3
BATCH = 1_000
PRICED = 100_000
KEY = "benchmark-management-key"
SERVER = Path(__file__).with_name("queue_server.py")


def measure(folder: Path) -> list[Row]:
    """Each round hands out the same number of fresh records, once to us and once to the rival."""
    ours: list[float] = []
    rival: list[float] = []
    for turn in range(ROUNDS):
        ours.append(_ours(folder / f"store-{turn}"))
        rival.append(_rival(folder / f"rival-{turn}.db"))
    return [
        Row(
            f"usage queue, {RECORDS:,} records",
            spread([RECORDS / taken / 1000 for taken in ours], "k records/s"),
            "LPOP, decode JSON, a row each in SQLite",
            spread([RECORDS / taken / 1000 for taken in rival], "k records/s"),
            spread([their / our for our, their in zip(ours, rival, strict=True)], " ×"),
            "≥ 20k records/s",
            "The rival understands, masks, prices, joins and sums up nothing.",
        ),
        _pricing(),
    ]


class _Server:
    """A queue in a process of its own."""

    def __enter__(self) -> int:
        self._process = subprocess.Popen(
            [sys.executable, SERVER, KEY, str(RECORDS)], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def _ours(directory: Path) -> float:
    key_file = directory.with_suffix(".key")
    key_file.write_text(KEY)
    labels = KeyLabels(bytes(32))
    collect_garbage_rarely()  # as `proxypal watch` does
    with _Server() as port, Store(directory) as store:
        settings = QueueSettings(
            parse_address(f"http://127.0.0.1:{port}"),
            KeySource(key_file, {}),
            lambda payload: read_payload(payload, labels),
            Pricing.of(store, directory).price_attempts,
        )
        taken = seconds(
            lambda: watch(
                store,
                ["-"],
                offset=lambda _: 0,
                once=True,
                stop=threading.Event(),
                report=lambda _: None,
                stdin=_ended(),
                queue=settings,
            )
        )
        stats = store.get_usage_stats()
        if stats.total_requests != RECORDS or not stats.total_cost_usd:
            raise SystemExit(f"the queue counted {stats.total_requests} of {RECORDS} requests")
    return taken


def _ended() -> int:
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def _rival(path: Path) -> float:
    with _Server() as port, sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE usage (at TEXT, model TEXT, body BLOB)")
        client = redis.Redis(port=port, protocol=2, password=KEY)

        def take() -> None:
            while payloads := cast("list[bytes]", client.lpop("usage", BATCH)):
                decoded = [(msgspec.json.decode(payload), payload) for payload in payloads]
                connection.executemany(
                    "INSERT INTO usage VALUES (?, ?, ?)",
                    [(tree["timestamp"], tree["model"], payload) for tree, payload in decoded],
                )
                connection.commit()

        taken = seconds(take)
        (counted,) = connection.execute("SELECT count(*) FROM usage").fetchone()
        if counted != RECORDS:
            raise SystemExit(f"the rival kept {counted} of {RECORDS} records")
    return taken


def _pricing() -> Row:
    now_ms = int(time.time() * 1000)
    attempts = [
        Attempt(
            key=number,
            started_ms=now_ms - number * 60_000,
            provider=("claude", "openai", "gemini")[number % 3],
            model=("claude-sonnet-4-5", "gpt-5", "gemini-2.5-pro")[number % 3],
            tokens=Tokens(
                uncached_input=number % 999, cache_read=number % 77, visible_output=number % 500
            ),
        )
        for number in range(PRICED)
    ]
    pricing = Pricing()
    pricing.price_attempts(attempts[:3])
    ours = [seconds(lambda: pricing.price_attempts(attempts)) for _ in range(ROUNDS)]
    few = attempts[: PRICED // 50]
    theirs = [seconds(lambda: [_library_price(one) for one in few]) * 50 for _ in range(ROUNDS)]
    return Row(
        f"pricing, {PRICED:,} requests of 3 models",
        spread([taken / PRICED * 1e6 for taken in ours], " µs each"),
        "genai_prices.calc_price for each",
        spread([taken / PRICED * 1e6 for taken in theirs], " µs each"),
        spread([their / our for our, their in zip(ours, theirs, strict=True)], " ×"),
        "< 5 µs each",
    )


def _library_price(attempt: Attempt) -> Decimal:
    provider = {"claude": "anthropic", "openai": "openai", "gemini": "google"}[attempt.provider]
    usage = genai_prices.Usage(
        input_tokens=attempt.tokens.input,
        cache_read_tokens=attempt.tokens.cache_read,
        output_tokens=attempt.tokens.output,
    )
    moment = datetime.fromtimestamp(attempt.started_ms / 1000, UTC)
    return genai_prices.calc_price(
        usage, attempt.model, provider_id=provider, genai_request_timestamp=moment
    ).total_price
