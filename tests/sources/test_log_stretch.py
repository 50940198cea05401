"""Logs as attackers, crashes and other programs leave them, fed to the log interpreter."""

import random
import time
import tracemalloc
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import LAYOUTS, Layout, access_line, entry_line, log_of, model_line
from proxypal.records.labels import zone_offset
from proxypal.records.request import (
    MAX_LABEL_CHARS,
    MAX_PATH_CHARS,
    RequestLog,
    decode_request,
    encode_request,
)
from proxypal.records.wall_clock import WallClock
from proxypal.sources.log_requests import Interpreted, LogInterpreter
from proxypal.sources.log_stretch import LineRejection

NOW = "2026-08-22 22:39:03"
BREAK = "a line break inside a path"


def interpreter() -> LogInterpreter:
    return LogInterpreter(WallClock(zone_offset(ZoneInfo("UTC"))), "log")


def read(*lines: str, final: bool = False) -> Interpreted:
    return interpreter().feed(log_of(*lines), final=final)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_forged_line_is_not_counted(layout: Layout) -> None:
    """A line break in an URL prints an attacker's own line: neither half is a request."""
    forged = access_line("/v1/messages", stamp="2099-01-01 00:00:00", layout=layout)
    found = read(
        access_line("/v1/messages", layout=layout, status=404)[:-1],
        forged,
        access_line("/v1/responses", layout=layout),
    )
    assert [request.path for request in found.requests] == ["/v1/responses"]
    assert [(r.line_number_in_data, r.reason) for r in found.rejections] == [(1, BREAK)]
    assert found.newest_ms < 4_000_000_000_000


def test_forged_model_lines_teach_nothing() -> None:
    """Lines inside a broken path name no models."""
    found = read(
        access_line("/x", method="GET", status=404)[:-1],
        model_line("evil", request_id="b7e0129f"),
        'end" [credits]',
        access_line("/v1/messages", request_id="b7e0129f"),
    )
    assert [request.model for request in found.requests] == ["unknown"]
    assert len(found.rejections) == 1


@pytest.mark.parametrize(
    ("following", "counted"),
    [
        (['x"'], 3),
        (["x", "y", 'z" | Error #01: a'], 3),
        (["x"] * 20, 3),
        (["x"] * 19, 2),
        ([entry_line("a") + "b" * 66_000], 3),
    ],
)
def test_a_broken_path_swallows_no_more_than_it_can_reach(
    following: list[str], counted: int
) -> None:
    """A path that never closes costs at most twenty lines, not the rest of the log."""
    found = read(access_line("/v1/messages")[:-1], *following, *[access_line("/v1/responses")] * 3)
    assert len(found.requests) == counted
    assert [r.reason for r in found.rejections] == [BREAK]


def test_an_unclosed_path_at_the_end_waits_or_is_given_up() -> None:
    """While a log grows an open entry waits for its rest; at the end of all it is rejected."""
    lines = [access_line("/v1/responses"), access_line("/v1/messages")[:-1], "x"]
    waiting = read(*lines)
    assert waiting.consumed == len(log_of(lines[0]))
    assert (waiting.lines, len(waiting.requests), waiting.rejections) == (1, 1, [])
    given_up = read(*lines, final=True)
    assert given_up.consumed == len(log_of(*lines))
    assert (given_up.lines, len(given_up.requests)) == (3, 1)
    assert [r.line_number_in_data for r in given_up.rejections] == [2]


def test_a_rejection_says_where_and_why_and_no_secret() -> None:
    """Each rejection has its offset, its line, a reason and an excerpt that ends at the query."""
    good = access_line("/v1/messages")
    bad = access_line("/v1/messages?key=AIzaFAKE", latency="soon")
    found = read(good, "ünï", bad, good, entry_line("\x1b]0;x\x07", stamp="2026-13-45 00:00:00"))
    assert len(found.requests) == 2
    assert found.rejections == [
        LineRejection(
            len(log_of(good, "ünï")), 3, "unreadable duration 'soon'", bad.partition("key")[0]
        ),
        LineRejection(
            len(log_of(good, "ünï", bad, good)),
            5,
            "impossible date '2026-13-45 00:00:00'",
            "[2026-13-45 00:00:00] [--------] [info ] [gin_logger.go:97] "
            "]0;x\N{REPLACEMENT CHARACTER}",
        ),
    ]


def test_rejections_are_found_again_far_into_the_data() -> None:
    """Offset and line of a rejection are right beyond the first block of a large stretch."""
    lines = [access_line(f"/v1/messages?n=ü{number}") for number in range(8000)]
    lines[7000] = bad = access_line("/v1/messages", latency="soon")
    data = log_of(*lines)
    found = interpreter().feed(data)
    assert len(found.requests) == 7999
    [rejection] = found.rejections
    assert rejection.line_number_in_data == 7001
    assert data[rejection.offset_in_data :].startswith(bad.encode())


def test_a_log_after_clearing_starts_with_nuls() -> None:
    """The run of NULs that clearing a log leaves, as long as the old log, hides no request."""
    data = b"\0" * 9_000_000 + log_of(access_line("/v1/messages"), access_line("/v1/messages"))
    found = interpreter().feed(data)
    assert len(found.requests) == 2
    assert found.rejections == []
    assert found.consumed == len(data)


def test_bytes_that_are_no_text_do_not_matter() -> None:
    """Invalid UTF-8 in an error text or a path leaves every other field as it is."""
    line = log_of(access_line("/v1/messages?a=b")).replace(b"a=b", b"a=\xff\xfe")
    found = interpreter().feed(b"\xff\xc3\n" + line)
    assert [request.path for request in found.requests] == ["/v1/messages?a=��"]


def test_entries_over_several_lines_count_once() -> None:
    """Error bodies, second errors and stacks between the lines change nothing."""
    found = read(
        entry_line(
            "502 | 20.87s | upstream execution failed: provider=codex model=gpt-5.6 err={",
            request_id="a1b2c3d4",
        ),
        '  "message": "overloaded"',
        "}",
        access_line("/v1/messages", status=502, tail=" | Error #01: x"),
        'Error #02: write "/v1/messages"',
        "goroutine 1 [running]:",
        "\x1b[31mpanic\x1b[0m",
    )
    assert [(r.model, r.status) for r in found.requests] == [("gpt-5.6", 502)]
    assert found.rejections == []


@pytest.mark.parametrize(
    ("data", "requests", "rejections"),
    [
        (b"x" * 10_000_000, 0, 1),
        (log_of(access_line(f"/v1/messages?{'a' * 10_000_000}"))[:-1], 0, 1),
        (log_of(access_line(f"/v1/messages?\U0001f600{'a' * 7_000_000}"))[:-1], 1, 0),
        (log_of(entry_line("502 | 20s" + " | abc" * 1_200_000))[:-1], 0, 0),
        (b"\x1b[" * 5_000_000, 0, 1),
    ],
    ids=["text", "access", "emoji", "bars", "colours"],
)
def test_a_line_of_ten_megabytes_is_cheap(data: bytes, requests: int, rejections: int) -> None:
    """A line of any length costs less than a second and less memory than ten such lines."""
    tracemalloc.start()
    try:
        started_s = time.perf_counter()
        found = interpreter().feed(data + b"\n" + log_of(access_line("/v1/responses")))
        elapsed_s = time.perf_counter() - started_s
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert elapsed_s < 1
    assert peak_bytes < 50_000_000
    assert len(found.requests) == requests + 1
    assert len(found.rejections) == rejections
    assert all(len(rejection.excerpt) <= 160 for rejection in found.rejections)


@pytest.mark.parametrize(
    "piece",
    [' | "', " | abc", '" | ', "a_", '" a', "model=", ' model="', " ", "] [", "for model ", "%41&"],
)
def test_no_pattern_makes_a_line_slow(piece: str) -> None:
    """A quarter megabyte of any repeated piece is read in linear time, whatever it follows."""
    filling = piece * (250_000 // len(piece))
    started_s = time.perf_counter()
    for message in (
        filling,
        f"502 | 20s | {filling}",
        f"Use OAuth {filling}",
        f"session-affinity: {filling}",
        f"auth unavailable: {filling}",
        f"upstream execution failed: {filling}",
    ):
        read(entry_line(message))
    read(access_line(f"/v1/messages{filling}"), access_line("/x", tail=f" | {filling}"))
    assert time.perf_counter() - started_s < 2


def check_fuzzed(data: bytes) -> Interpreted:
    """Feed any bytes; every request found must survive being stored."""
    found = interpreter().feed(data, final=True)
    assert found.consumed == data.rfind(b"\n") + 1
    assert found.lines == data.count(b"\n")
    for request in found.requests:
        assert decode_request(encode_request(request)) == request
        assert msgspec.convert(msgspec.to_builtins(request), RequestLog) == request
        assert max(len(request.model), len(request.provider)) <= MAX_LABEL_CHARS
        assert len(request.path) <= MAX_PATH_CHARS
    for rejection in found.rejections:
        assert rejection.reason
        assert 1 <= rejection.line_number_in_data <= found.lines
        assert data[: rejection.offset_in_data].count(b"\n") == rejection.line_number_in_data - 1
    return found


@given(st.binary(max_size=3000))
def test_any_bytes_are_interpreted(data: bytes) -> None:
    """Whatever bytes a file holds: requests or rejections with a reason, never an exception."""
    check_fuzzed(data)


SEEDS = [
    *[access_line("/v1/messages?beta=true", layout=layout) for layout in LAYOUTS],
    *[model_line("gpt-5.1", layout=layout) for layout in LAYOUTS],
    access_line("/v1/messages", tail=" [credits] | provider=codex | model=gpt-5.1"),
    access_line("/v1/messages")[:-1],
    entry_line("502 | 20.8s | upstream execution failed: provider=codex model=m err="),
    entry_line("session-affinity: cache hit | session=x auth=y provider=claude model=m"),
    entry_line('auth unavailable: 1 of 2 candidate(s) for model "m" (provider=codex) are'),
    access_line("/v1beta/models/gemini-2.5-pro:generateContent?key=x", status=404),
]
TOKENS = [b"\n", b'"', b" | ", b"] [", b"\0", b"\x1b[31m", b"\r", b"\xff", b"9" * 30, b"(high)"]


def mutated(rng: random.Random) -> bytes:
    line = bytearray(log_of(rng.choice(SEEDS)))
    for _ in range(rng.randrange(6)):
        place = rng.randrange(len(line) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            line[place:place] = rng.choice(TOKENS)
        elif kind == 1:
            del line[place : place + rng.randrange(1, 12)]
        elif kind == 2:
            line[place : place + 1] = bytes([rng.randrange(256)])
        elif kind == 3:
            start = rng.randrange(len(line) + 1)
            line[place:place] = line[start : start + rng.randrange(40)]
        else:
            line[place:place] = log_of(rng.choice(SEEDS))[rng.randrange(100) :]
    return bytes(line)


def fuzz(lines: int, seed: int) -> None:
    rng = random.Random(seed)
    read_lines = requests = rejections = 0
    while read_lines < lines:
        found = check_fuzzed(b"".join(mutated(rng) for _ in range(100)))
        read_lines += found.lines
        requests += len(found.requests)
        rejections += len(found.rejections)
    # Damage that leaves nothing to read, or nothing to reject, would prove nothing.
    assert requests > lines // 20
    assert rejections > lines // 100


def test_damaged_lines_are_interpreted() -> None:
    """Lines cut, doubled and mixed in any way: a request or a rejection, never an exception."""
    fuzz(3000, seed=1)


@pytest.mark.torture
def test_a_hundred_thousand_damaged_lines_are_interpreted() -> None:
    """100,000 fuzzed lines: requests or rejections with a reason, no exception, no hang."""
    started_s = time.perf_counter()
    fuzz(100_000, seed=2)
    assert time.perf_counter() - started_s < 300
