"""Where a usage queue is: what a person writes, and the one name it has."""

import pytest

from proxypal.errors import WrongUsage
from proxypal.sources.queue_address import QueueAddress, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port", "is_tls", "path"),
    [
        ("http://127.0.0.1:8317", "127.0.0.1", 8317, False, ""),
        ("http://proxy.example", "proxy.example", 8317, False, ""),
        ("127.0.0.1:9000", "127.0.0.1", 9000, False, ""),
        ("proxy.example", "proxy.example", 8317, False, ""),
        ("https://proxy.example", "proxy.example", 443, True, ""),
        ("https://proxy.example:8317/", "proxy.example", 8317, True, ""),
        ("https://example.com/cliproxy/", "example.com", 443, True, "/cliproxy"),
        ("redis://127.0.0.1", "127.0.0.1", 8317, False, ""),
        ("rediss://proxy.example", "proxy.example", 8317, True, ""),
        ("http://[::1]:8317", "::1", 8317, False, ""),
    ],
)
def test_every_way_to_write_an_address(
    text: str, host: str, port: int, is_tls: bool, path: str
) -> None:
    """A URL of either protocol, or just host and port, with the port each is usually on."""
    assert parse_address(text) == QueueAddress(host, port, is_tls, path)


@pytest.mark.parametrize(
    "text", ["", "ftp://127.0.0.1", "http://", "http://x:99999", "http://[::1", "http://x:y"]
)
def test_what_is_no_address_says_how_to_write_one(text: str) -> None:
    """A slip is answered with an example."""
    with pytest.raises(WrongUsage, match=r"http://127\.0\.0\.1:8317"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    ["redis://:s3cret@127.0.0.1", "http://me:s3cret@x", "http://x?key=s3cret", "http://x#s3cret"],
)
def test_a_key_in_the_address_is_refused_and_not_repeated(text: str) -> None:
    """Arguments are seen by everybody on the machine, so a key has no place in them."""
    with pytest.raises(WrongUsage, match="management-key-file") as refused:
        parse_address(text)
    assert "s3cret" not in str(refused.value)


def test_one_queue_has_one_name() -> None:
    """However the loopback is written, it is the same source, so two readers notice each other."""
    written = ["http://localhost:8317", "127.0.0.1", "redis://[::1]:8317", "http://127.0.0.1:8317/"]
    assert {parse_address(text).source for text in written} == {"queue http://127.0.0.1:8317"}
    assert parse_address("http://localhost:1").source != parse_address("http://localhost:2").source
    assert parse_address("http://[fe80::1]:8317").url == "http://[fe80::1]:8317"
