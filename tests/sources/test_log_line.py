from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import LAYOUTS, Layout, access_line, entry_line, model_line
from proxypal.sources.log_entries import (
    AccessLine,
    BannerLine,
    ContinuationLine,
    Line,
    ModelLine,
    OtherLine,
)
from proxypal.sources.log_line import parse_line

DATA = Path(__file__).parent.parent / "data" / "cliproxyapi"
DAY = "2026-08-22"
PIPE_ERROR = "Error #01: write tcp 127.0.0.1:8317->127.0.0.1:52144: write: broken pipe"

EXPECTED: dict[str, list[Line]] = {
    "main-layout-a.log": [
        AccessLine("2025-10-03 21:07:44", None, 200, 65, "POST", "/v1/chat/completions"),
        AccessLine(
            "2025-12-04 20:51:48", None, 200, 6656, "POST", "/api/provider/anthropic/v1/messages"
        ),
        AccessLine("2025-12-04 20:52:10", None, 429, 1200, "POST", "/v1/messages?beta=true"),
        AccessLine("2025-12-04 20:53:00", None, 500, 161_000, "POST", "/v1/responses"),
        AccessLine(
            "2025-12-09 09:15:31",
            None,
            200,
            3004,
            "POST",
            "/v1/messages",
            "| model=claude-opus-4-5",
            "claude-opus-4-5",
        ),
        AccessLine(
            "2025-12-09 09:15:40",
            None,
            500,
            12,
            "POST",
            "/v1/chat/completions",
            "| model=gpt-5.1 | Error #01: write: broken pipe",
            "gpt-5.1",
        ),
    ],
    "main-layout-b.log": [
        AccessLine("2025-12-24 15:14:21", "f803bb77", 200, 12_453, "POST", "/v1/messages"),
        AccessLine("2025-12-24 15:14:22", None, 200, 0, "GET", "/v1/models"),
        AccessLine("2025-12-24 15:14:30", "0a91c2de", 401, 1, "POST", "/v1/chat/completions"),
    ],
    "main-layout-c.log": [
        AccessLine(f"{DAY} 22:39:03", "a1b2c3d4", 200, 23_559, "POST", "/v1/messages?beta=true"),
        AccessLine(f"{DAY} 22:39:04", "b7e0129f", 200, 1500, "POST", "/v1/responses"),
        AccessLine(f"{DAY} 22:39:05", "00c4d1aa", 200, 0, "GET", "/v1/models"),
        AccessLine(f"{DAY} 22:41:00", "5d6e7f80", 200, 60_000, "POST", "/v1/images/generations"),
        AccessLine(
            f"{DAY} 22:43:10", "c0ffee12", 200, 102_000, "POST", "/backend-api/codex/responses"
        ),
        AccessLine(f"{DAY} 23:50:11", "c0ffee13", 200, 3_723_000, "GET", "/v1/responses"),
        AccessLine(f"{DAY} 22:44:00", "9a8b7c6d", 429, 851, "POST", "/v1/chat/completions"),
        AccessLine(f"{DAY} 22:44:01", "9a8b7c6e", 502, 20_903, "POST", "/v1/chat/completions"),
        AccessLine(f"{DAY} 22:44:02", "9a8b7c6f", 401, 0, "POST", "/v1/messages"),
        AccessLine(f"{DAY} 22:44:03", "4fd20b11", 200, 912, "POST", "/v1/chat/completions"),
        AccessLine(
            f"{DAY} 22:44:04",
            "4fd20b12",
            200,
            2070,
            "POST",
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=",
        ),
        AccessLine(
            f"{DAY} 22:44:05", "4fd20b13", 200, 3, "POST", "/v1/messages/count_tokens?beta=true"
        ),
        AccessLine(f"{DAY} 22:44:06", "4fd20b14", 200, 4411, "POST", "/v1/messages", "[credits]"),
        AccessLine(
            f"{DAY} 22:44:07",
            "4fd20b15",
            500,
            0,
            "POST",
            "/v1/messages",
            f"[credits] | {PIPE_ERROR}",
        ),
        AccessLine(f"{DAY} 22:44:08", None, 200, 1, "GET", "/v0/management/usage-queue?count=100"),
        AccessLine(f"{DAY} 22:44:09", None, 404, 0, "GET", "/containers/json"),
        AccessLine(f"{DAY} 22:44:10", "4fd20b16", 204, 0, "OPTIONS", "/v1/messages"),
        AccessLine("2026-10-05 18:29:55", "5a1ce9d0", 200, 6100, "POST", "/v1/messages?beta=true"),
    ],
    "main-noise.log": [
        ModelLine("2025-11-02 10:00:00", None, "gpt-5-codex", None, "use"),
        ModelLine("2025-12-24 15:14:09", "f803bb77", "claude-opus-4-5-thinking", None, "use"),
        ModelLine(f"{DAY} 22:38:40", "a1b2c3d4", "claude-sonnet-4-5(high)", "claude", "use"),
        ModelLine(f"{DAY} 22:39:02", "b7e0129f", "fake-model", None, "use"),
        ModelLine(f"{DAY} 22:43:59", "9a8b7c6d", "claude-opus-4-5", "claude", "affinity"),
        ModelLine(f"{DAY} 22:44:01", "9a8b7c6e", "gpt-5.6", "codex", "failure"),
        ModelLine("2026-09-26 16:36:16", "d352b3d4", "gpt-5.6", "codex", "failure"),
        ContinuationLine(),
        ContinuationLine(),
        ContinuationLine(),
        ModelLine(f"{DAY} 22:44:11", None, "gpt-5.6", "codex", "unavailable"),
        OtherLine(f"{DAY} 22:44:12"),
        BannerLine(f"{DAY} 22:00:00", "7.2.140"),
        OtherLine(f"{DAY} 22:00:01"),
        OtherLine(f"{DAY} 22:45:00"),
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_lines_of_every_version_are_read_exactly(name: str) -> None:
    """D23, D24, D27: every line of all three layouts gives its fields, or its model, exactly."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    assert [parse_line(line) for line in lines] == EXPECTED[name]


@pytest.mark.parametrize(
    "message",
    [
        "Suspended client C for model gpt-5.6: quota",
        "retrying request for model gpt-5.6 after 2s",
        "Use of model gpt-5.6 is deprecated",
        "session-affinity: disabled",
        "auth unavailable: no candidates",
        "upstream execution failed: timeout",
        "502 |        20.87s | something else failed",
        "200 | everything is fine",
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mention_of_a_model_teaches_nothing(message: str, layout: Layout) -> None:
    """Only the exact messages of the proxy name a request's model."""
    line = entry_line(message, layout=layout, request_id="a1b2c3d4")
    assert parse_line(line) == OtherLine(f"{DAY} 22:39:03")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_colours_nul_runs_and_carriage_returns_do_not_matter(layout: Layout) -> None:
    """A cleared log starts with NULs, a panic prints colours, docker adds carriage returns."""
    line = access_line("/v1/messages", layout=layout)
    expected = parse_line(line)
    assert isinstance(expected, AccessLine)
    coloured = line.replace("200", "\x1b[31m200\x1b[0m")
    assert parse_line("\0" * 5000 + line) == expected
    assert parse_line(coloured + "\r") == expected


def test_a_failed_attempt_is_never_an_answer() -> None:
    """A failure line that quotes an access line is still a failure of one attempt."""
    message = (
        "502 |        20.87s | upstream execution failed: provider=codex model=gpt-5.6 err=x"
        ' | POST    "/v1/messages"'
    )
    read = parse_line(entry_line(message, request_id="a1b2c3d4"))
    assert read == ModelLine(f"{DAY} 22:39:03", "a1b2c3d4", "gpt-5.6", "codex", "failure")


@pytest.mark.parametrize("layout", ["B", "C"])
@pytest.mark.parametrize("scheme", ["", " via proxy", " via socks5 proxy", " via proxy extra=1"])
def test_a_proxy_after_the_model_is_no_part_of_it(layout: Layout, scheme: str) -> None:
    """The model ends where the name of an outgoing proxy begins."""
    read = parse_line(model_line("gpt-5.1", layout=layout) + scheme)
    assert isinstance(read, ModelLine)
    assert (read.model, read.request_id) == ("gpt-5.1", "a1b2c3d4")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[2026-08-22 22:39:03]",
        "[2026-08-22 22:39:03 [a1b2c3d4] [info ] [gin_logger.go:97] 200",
        "2026-08-22 22:39:03 200 | 1s | ::1 | POST",
        "[2026-08-22T22:39:03] [a1b2c3d4] [info ] [gin_logger.go:97] x",
        "\u0662" * 30,
    ],
)
def test_what_has_no_envelope_continues_the_entry_before(line: str) -> None:
    """Lines without the proxy's time and level belong to the entry before them."""
    assert parse_line(line) == ContinuationLine()


PIECES = st.sampled_from(
    [
        "[2026-08-22 22:39:03] ",
        "[2026-13-45 99:99:99] ",
        "[a1b2c3d4] ",
        "[--------] ",
        "[info ] ",
        "[gin_logger.go:97] ",
        "[GIN] 2026/08/22 - 22:39:03 | ",
        "| a1b2c3d4 | ",
        "200 | ",
        "  1.5s | ",
        "127.0.0.1 | ",
        "POST    ",
        '"/v1/messages"',
        '"',
        " | model=x",
        "Use OAuth provider=a for model ",
        "upstream execution failed: provider=a model=b",
        "session-affinity: x provider=a model=b",
        "] ",
        "\0",
        "\x1b[31m",
        "\ud800",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=14).map("".join))
def test_any_line_is_one_of_the_known_kinds(line: str) -> None:
    """Whatever a line holds, it is read as one of the kinds, never an exception."""
    assert isinstance(parse_line(line), Line)
