"""The proxy's log over HTTP: what is asked, and what answers mean."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueBanned, QueueError, QueueRefused, QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.management_log import ManagementLog, Page
from proxypal.sources.queue_address import parse_address

SECRET = "wrong-s3cret"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs") as proxy:
        yield proxy


def log_of_fake(fake: FakeProxy, key: str = "") -> ManagementLog:
    return ManagementLog(parse_address(fake.url), ManagementKey(key or fake.key), timeout_s=5)


def test_the_newest_lines_and_what_follows_them(fake: FakeProxy) -> None:
    """A tail is the end of the file, byte by byte; the cursor leads to what came after it."""
    fake.request()
    fake.settle()
    there = fake.log.main.read_bytes()
    log = log_of_fake(fake)
    page = log.tail(1000, mark="f00d")
    assert page.data == there
    fake.request()
    fake.settle()
    following = fake.log.main.read_bytes()[len(there) :]
    assert log.follow(page.cursor, 1000).data == following
    assert "mark=f00d" in fake.log.main.read_text()


def test_refusals_are_those_of_the_queue_under_another_name(fake: FakeProxy) -> None:
    """A wrong key is one failed login and not told; a ban says how long; an error names the log."""
    with pytest.raises(QueueRefused, match="Log at http") as refused:
        log_of_fake(fake, SECRET).tail(1)
    assert fake.failed_logins == 1
    assert SECRET not in str(refused.value)
    fake.ban(90)
    with pytest.raises(QueueBanned) as banned:
        log_of_fake(fake).tail(1)
    assert 85_000 < banned.value.retry_in_ms < 95_000


def test_a_proxy_that_writes_no_log_says_what_to_set(fake: FakeProxy) -> None:
    """Where logging to file is off the error names the setting."""
    fake.set_logging_to_file(False)
    with pytest.raises(QueueUnreachable, match="logging-to-file: true"):
        log_of_fake(fake).tail(1)


def test_no_management_is_said_and_no_proxy_too(tmp_path: Path) -> None:
    """Without a management key there is no endpoint in any version; without a proxy, nothing."""
    with FakeProxy(tmp_path / "closed", management=False) as closed:
        with pytest.raises(QueueUnreachable, match="no management key is set"):
            log_of_fake(closed).tail(1)
        gone = log_of_fake(closed)
    with pytest.raises(QueueError, match="Log at"):
        gone.tail(1)


def test_the_path_of_later_versions_is_found(tmp_path: Path) -> None:
    """Where the old path is gone the new one is asked, from then on at once."""
    with FakeProxy(tmp_path / "logs", version="8") as fake:
        fake.log_endpoint.has_old_path = False
        log = log_of_fake(fake)
        assert log.tail(1).lines
        assert log.tail(1).lines
        assert fake.seen["GET /v0/management/logs"] == 1


NOW_S = 1767312000
"""2026-01-02T00:00 UTC."""


@pytest.mark.parametrize(
    ("line", "ahead_s"),
    [
        ("[2026-01-02 08:00:00] [--------] [info ] x", 8 * 3600),
        ("[2026-01-02 05:45:00] [--------] [info ] x", 20_700),
        ("[2026-01-01 19:00:00] [--------] [info ] x", -5 * 3600),
        ("[2026-01-02 00:00:07] [--------] [info ] x", None),
        ("[2026-13-42 00:00:00] [--------] [info ] x", None),
        ("no time at all", None),
        ("[2026-01-02 08:00:03] [--------] [info ] our-mark", 8 * 3600),
        ("[2026-01-01 23:59:58] [--------] [info ] our-mark", 0),
        ("[2029-01-01 23:59:58] [--------] [info ] our-mark", None),
    ],
)
def test_the_zone_is_what_lies_between_wall_and_clock(line: str, ahead_s: int | None) -> None:
    """The proxy tells one moment both ways; what is no zone's difference tells nothing."""
    offset = Page([line], "", is_reset=False, newest_s=NOW_S).offset("our-mark", NOW_S)
    assert (offset(NOW_S) if offset else None) == ahead_s


def test_our_own_line_tells_the_zone_whatever_strangers_wrote() -> None:
    """A forged line of 2099 is the newest for the proxy; ours was written just now."""
    forged = "[2099-07-01 00:00:00] [--------] [info ] forged"
    ours = "[2026-01-02 08:00:01] [--------] [info ] our-mark"
    page = Page([ours, forged], "", is_reset=False, newest_s=4086547200)
    offset = page.offset("our-mark", NOW_S)
    assert offset is not None
    assert offset(NOW_S) == 8 * 3600
    assert page._replace(lines=[forged]).offset("our-mark", NOW_S) is None


def test_nuls_before_a_line_are_no_part_of_it() -> None:
    """After "clear logs" a file begins with NULs, which a file on disk is read without too."""
    assert Page(["\0\0\0[2026"], "", is_reset=False, newest_s=0).data == b"[2026\n"
