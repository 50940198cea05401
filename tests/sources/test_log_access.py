import pytest

from builders import LAYOUTS, Layout, access_line
from proxypal.sources.log_access import closes_path, printable
from proxypal.sources.log_entries import AccessLine, Rejected, UnclosedLine
from proxypal.sources.log_line import parse_line

DAY = "2026-08-22"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("tail", "model", "provider"),
    [
        (" | model=gpt-5.1", "gpt-5.1", None),
        (" | provider=codex | model=gpt-5.1", "gpt-5.1", "codex"),
        (" [credits] | model=gpt-5.1", "gpt-5.1", None),
        (" | gpt-5.1 | codex:dev@example.com", "gpt-5.1", "codex"),
        (" | gpt-5.1 | codex:my account", "gpt-5.1", "codex"),
        (" | tokens in=1 out=2", None, None),
        (' | ua="curl model=evil"', None, None),
        (' | model=gpt-5.1 | ua="say "hello""', "gpt-5.1", None),
        (' | error_status=500 code="x" auth_name="a b.json" auth_index=abc', None, None),
        (" | Error #01: bad model=evil", None, None),
        (" client=cli model=gpt-5.1", "gpt-5.1", None),
    ],
)
def test_what_forks_write_after_the_path_is_read(
    layout: Layout, tail: str, model: str | None, provider: str | None
) -> None:
    """The columns that forks add after the path never change the path, and may name the model."""
    read = parse_line(access_line("/v1/messages", layout=layout, tail=tail))
    assert isinstance(read, AccessLine)
    assert (read.path, read.model, read.provider) == ("/v1/messages", model, provider)
    assert read.tail == tail.strip()


@pytest.mark.parametrize("columns", ["claude | ", "claude |  dev | ", 'ua="x y" | '])
def test_what_forks_write_before_the_address_is_passed_over(columns: str) -> None:
    """Extra columns between latency and address do not hide a request."""
    line = access_line("/v1/messages").replace("|       127.0.0.1", f"| {columns}127.0.0.1")
    assert parse_line(line) == parse_line(access_line("/v1/messages"))


@pytest.mark.parametrize("ip", ["", "::1", "2001:db8:85a3::8a2e:370:7334", "unix"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_address_never_matters(ip: str, layout: Layout) -> None:
    """Any address, even none, leaves the other fields as they are."""
    line = access_line("/v1/messages", ip=ip, layout=layout)
    assert parse_line(line) == parse_line(access_line("/v1/messages", layout=layout))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ('/v1/mess"ages', '/v1/mess"ages'),
        ('/a" b', '/a" b'),
        ("/a | b", "/a | b"),
        ('/v1/messages" | model=evil', "/v1/messages"),
        ("/\x07\u202ebell", "/\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}bell"),
        ("", ""),
        ("/ünï", "/ünï"),
    ],
)
def test_a_path_reaches_to_its_last_quote(path: str, expected: str) -> None:
    """Quotes and bars belong to a path; only a tail ends it, and control characters are shown."""
    read = parse_line(access_line(path, method="GET", status=404))
    assert isinstance(read, AccessLine)
    assert read.path == expected


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", ["POST", "GET", "x-odd", "M" * 500])
def test_a_path_that_is_not_closed_is_noticed(layout: Layout, method: str) -> None:
    """A line break inside a path leaves its quote open: that is never taken for a request."""
    for path in ("/v1/messages", '/a"b', "/v1/messages?x=1", ""):
        line = access_line(path, layout=layout, method=method)[:-1]
        assert parse_line(line) == UnclosedLine(f"{DAY} 22:39:03")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_unreadable_duration_is_said(layout: Layout) -> None:
    """An access line whose latency cannot be read is rejected with the reason, not counted as 0."""
    read = parse_line(access_line("/v1/messages", layout=layout, latency="12parsecs"))
    assert read == Rejected(f"{DAY} 22:39:03", "unreadable duration '12parsecs'")


@pytest.mark.parametrize(
    ("line", "closes"),
    [
        ('x"', True),
        ('x" [credits]', True),
        ('x" | Error #01: y', True),
        ("x", False),
        ('"x', False),
        ("", False),
    ],
)
def test_the_end_of_a_broken_path_is_found(line: str, closes: bool) -> None:
    """The line that carries the closing quote ends a path with line breaks in it."""
    assert closes_path(line) is closes


def test_what_commands_a_terminal_is_replaced() -> None:
    """Control and direction characters of a path are shown as what they are: not printable."""
    assert printable("a\x9b31mb\ud800") == "a\N{REPLACEMENT CHARACTER}31mb\N{REPLACEMENT CHARACTER}"
    assert printable("plain") == "plain"
