from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from builders import LAYOUTS, NO_ID, Layout, access_line, entry_line, log_of, model_line
from proxypal.records.labels import zone_offset
from proxypal.records.request import RequestLog
from proxypal.records.wall_clock import WallClock
from proxypal.sources.log_requests import Interpreted, LogInterpreter

DATA = Path(__file__).parent.parent / "data" / "cliproxyapi"
END_MS = 1_787_438_343_000
"""2026-08-22 22:39:03 UTC, the builders' time."""


def interpreter(zone: str = "UTC") -> LogInterpreter:
    return LogInterpreter(WallClock(zone_offset(ZoneInfo(zone))), "log")


def read(*lines: str) -> Interpreted:
    return interpreter().feed(log_of(*lines))


def brief(request: RequestLog) -> tuple[str, str, str, int, int]:
    return (request.model, request.provider, request.path, request.status, request.duration_ms)


EXPECTED = {
    "main-layout-a.log": [
        ("unknown", "openai", "/v1/chat/completions", 200, 65),
        ("unknown", "claude", "/api/provider/anthropic/v1/messages", 200, 6656),
        ("unknown", "claude", "/v1/messages?beta=true", 429, 1200),
        ("unknown", "openai", "/v1/responses", 500, 161_000),
        ("claude-opus-4-5", "claude", "/v1/messages", 200, 3004),
        ("gpt-5.1", "openai", "/v1/chat/completions", 500, 12),
    ],
    "main-layout-b.log": [
        ("unknown", "claude", "/v1/messages", 200, 12_453),
        ("unknown", "openai", "/v1/chat/completions", 401, 1),
    ],
    "main-layout-c.log": [
        ("unknown", "claude", "/v1/messages?beta=true", 200, 23_559),
        ("unknown", "openai", "/v1/responses", 200, 1500),
        ("unknown", "openai", "/v1/images/generations", 200, 60_000),
        ("unknown", "openai", "/backend-api/codex/responses", 200, 102_000),
        ("unknown", "openai", "/v1/responses", 200, 3_723_000),
        ("unknown", "openai", "/v1/chat/completions", 429, 851),
        ("unknown", "openai", "/v1/chat/completions", 502, 20_903),
        ("unknown", "claude", "/v1/messages", 401, 0),
        ("unknown", "openai", "/v1/chat/completions", 200, 912),
        (
            "gemini-2.5-pro",
            "gemini",
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=",
            200,
            2070,
        ),
        ("unknown", "claude", "/v1/messages", 200, 4411),
        ("unknown", "claude", "/v1/messages", 500, 0),
        ("unknown", "claude", "/v1/messages?beta=true", 200, 6100),
    ],
    "main-noise.log": [],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_requests_of_every_version_are_found(name: str) -> None:
    """D23, D25: exactly the model calls of a log are requests, in all three layouts."""
    data = (DATA / name).read_bytes()
    found = interpreter().feed(data)
    assert [brief(request) for request in found.requests] == EXPECTED[name]
    assert found.rejections == []
    assert found.consumed == len(data)
    assert found.lines == data.count(b"\n")


def test_a_request_has_every_field_of_its_lines() -> None:
    """A debug line and an access line together give the whole request."""
    found = read(
        model_line("claude-sonnet-4-5(high)"),
        access_line("/v1/messages?beta=true&key=sk-fake", latency="1m2s"),
    )
    assert found.requests == [
        RequestLog(
            timestamp=END_MS,
            provider="claude",
            model="claude-sonnet-4-5",
            method="POST",
            path="/v1/messages?beta=true&key=",
            status=200,
            duration_ms=62_000,
            request_id="a1b2c3d4",
            model_requested="claude-sonnet-4-5(high)",
            source="log",
        )
    ]
    assert found.newest_ms == END_MS


@pytest.mark.parametrize("layout", ["B", "C"])
def test_the_model_comes_from_the_line_of_the_same_id(layout: Layout) -> None:
    """D27: parallel requests get their own models, the last attempt's if there were several."""
    found = read(
        model_line("first-try", request_id="a1b2c3d4", layout=layout),
        model_line("gpt-5.1", request_id="b7e0129f", layout=layout, account="OAuth provider=codex"),
        model_line("glm-4.6", request_id="a1b2c3d4", layout=layout, account="API key sk-o...0XYZ"),
        access_line("/v1/chat/completions", request_id="b7e0129f", layout=layout),
        access_line("/v1/messages", request_id="a1b2c3d4", layout=layout),
        access_line("/v1/messages", request_id="a1b2c3d4", layout=layout),
        access_line("/v1/messages", request_id=NO_ID, layout=layout),
    )
    assert [(r.model, r.provider, r.request_id) for r in found.requests] == [
        ("gpt-5.1", "openai", "b7e0129f"),
        ("glm-4.6", "zhipu", "a1b2c3d4"),
        ("unknown", "claude", "a1b2c3d4"),
        ("unknown", "claude", None),
    ]


def test_affinity_and_failure_lines_name_models_too() -> None:
    """D27: without debug lines the model comes from session affinity or from a failed attempt."""
    found = read(
        entry_line(
            "session-affinity: cache hit | session=x auth=y provider=claude model=claude-opus-4-5",
            request_id="00000001",
        ),
        access_line("/v1/chat/completions", request_id="00000001"),
        entry_line(
            "502 |        20.87s | upstream execution failed: provider=codex model=gpt-5.6 err=x",
            request_id="00000002",
        ),
        access_line("/v1/messages", request_id="00000002", status=502, latency="21s"),
    )
    assert [(r.model, r.provider) for r in found.requests] == [
        ("claude-opus-4-5", "claude"),
        ("gpt-5.6", "openai"),
    ]


def test_lines_without_ids_are_never_guessed_together() -> None:
    """Up to v6.6.49 a debug line cannot be matched: the model is unknown, not another's."""
    found = read(
        model_line("gpt-5.1", layout="A"),
        access_line("/v1/messages", layout="A"),
        access_line("/v1beta/models/gemini-2.5-pro:generateContent", layout="A"),
        access_line("/v1/messages", layout="A", tail=" | model=claude-opus-4-5"),
    )
    models = [request.model for request in found.requests]
    assert models == ["unknown", "gemini-2.5-pro", "claude-opus-4-5"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_path_names_no_model_and_no_provider(status: int) -> None:
    """Anybody can ask for any path: names in refused ones enter no table, the request counts."""
    found = read(
        access_line("/v1beta/models/evil:generateContent", status=status),
        access_line("/v1/messages", status=status, tail=" | model=evil"),
        access_line("/api/provider/evil/v1/messages", status=status),
        access_line("/api/provider/anthropic/v1/messages", status=status),
    )
    assert [(r.model, r.provider, r.status) for r in found.requests] == [
        ("unknown", "gemini", status),
        ("unknown", "claude", status),
        ("unknown", "unknown", status),
        ("unknown", "claude", status),
    ]


def test_a_failed_call_of_a_known_model_keeps_its_name() -> None:
    """A model line is written after the login: it is believed whatever the answer."""
    found = read(model_line("gpt-5.1"), access_line("/v1/messages", status=404))
    assert [(r.model, r.provider) for r in found.requests] == [("gpt-5.1", "claude")]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_method_decides_the_same_in_every_layout(layout: Layout) -> None:
    """D26: of all methods on two model paths only the proxy's own are requests."""
    methods = ("POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
    found = read(
        *(
            access_line(path, layout=layout, method=method)
            for path in ("/v1/messages", "/v1/responses")
            for method in methods
        )
    )
    assert [(request.method, request.path) for request in found.requests] == [
        ("POST", "/v1/messages"),
        ("POST", "/v1/responses"),
        ("GET", "/v1/responses"),
    ]
    assert found.rejections == []


@pytest.mark.parametrize("layout", LAYOUTS)
def test_fifty_equal_requests_in_one_second_are_fifty(layout: Layout) -> None:
    """D16: equal requests in the same second to the same path are all counted."""
    found = read(*[access_line("/v1/messages", layout=layout)] * 50)
    assert len(found.requests) == 50


def test_models_learned_in_one_stretch_serve_the_next() -> None:
    """Reading goes on in the middle of a log: models before it are known, requests not counted."""
    reader = interpreter()
    before = reader.feed(
        log_of(access_line("/v1/messages", request_id="00000001"), model_line("gpt-5.1")),
        models_only=True,
    )
    assert (before.requests, before.rejections) == ([], [])
    assert (before.lines, before.newest_ms) == (2, END_MS)
    after = reader.feed(log_of(access_line("/v1/messages")))
    assert [request.model for request in after.requests] == ["gpt-5.1"]


def test_an_unfinished_line_waits_for_its_end() -> None:
    """However a log is cut, each request is counted once and no byte is passed over."""
    data = log_of(
        model_line("gpt-5.1"),
        access_line("/v1/messages"),
        entry_line("ünï"),
        access_line('/v1/mess"', status=404)[:-2],
        "forged",
        'x"',
        access_line("/v1/responses"),
    )
    whole = interpreter().feed(data)
    assert len(whole.requests) == 2
    for cut in range(len(data) + 1):
        reader = interpreter()
        first = reader.feed(data[:cut])
        second = reader.feed(data[first.consumed :])
        assert first.consumed <= cut
        assert first.requests + second.requests == whole.requests
        assert first.consumed + second.consumed == len(data)
        assert first.lines + second.lines == whole.lines
        assert len(first.rejections) + len(second.rejections) == 1


def test_nothing_comes_of_nothing() -> None:
    """No data, or data without an entry, has no time: it is no log."""
    assert interpreter().feed(b"") == Interpreted(0, [], [], 0, 0)
    assert interpreter().feed(b"{}\n\nx\ny") == Interpreted(6, [], [], 0, 3)


def test_the_newest_time_of_any_entry_is_told() -> None:
    """Entries that are no requests tell how far the log has come as well."""
    found = read(
        entry_line("x", stamp="2026-08-22 22:40:00"),
        access_line("/v1/messages"),
        model_line(),
    )
    assert found.newest_ms == END_MS + 57_000


def test_times_are_read_in_the_logs_zone() -> None:
    """A container's log in Shanghai time gives the right moments elsewhere."""
    found = interpreter("Asia/Shanghai").feed(log_of(access_line("/v1/messages")))
    assert found.requests[0].timestamp == END_MS - 8 * 3_600_000


def test_an_hour_that_comes_twice_is_counted_in_both_passes() -> None:
    """D15: requests of both DST hours get their own moments, also between two stretches."""
    reader = interpreter("Europe/Berlin")
    stamps = ["2026-10-25 02:10:00", "2026-10-25 02:50:00", "2026-10-25 02:10:00"]
    moments = [
        request.timestamp
        for stamp in stamps
        for request in reader.feed(log_of(access_line("/v1/messages", stamp=stamp))).requests
    ]
    assert [moment - moments[0] for moment in moments] == [0, 2_400_000, 3_600_000]


def test_a_websocket_is_one_request_of_its_whole_life() -> None:
    """A socket of two hours keeps the model of its last turn."""
    found = read(
        model_line("gpt-5.1", stamp="2026-08-22 20:40:00"),
        access_line("/v1/responses", method="GET", latency="2h0m3s"),
    )
    assert [brief(request) for request in found.requests] == [
        ("gpt-5.1", "claude", "/v1/responses", 200, 7_203_000)
    ]


def test_a_long_path_is_cut() -> None:
    """A URL of a megabyte is one request with a path that can be kept."""
    found = read(access_line(f"/v1/messages?a={'b' * 900_000}"))
    assert len(found.requests) == 1
    assert len(found.requests[0].path) == 2048
