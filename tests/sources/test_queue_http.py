"""The usage queue over HTTP, where RESP does not get through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueBanned, QueueRefused, QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import parse_address
from proxypal.sources.queue_http import HttpQueue

SECRET = "wrong-s3cret"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs") as proxy:
        yield proxy


def queue_of(fake: FakeProxy, key: str = "") -> HttpQueue:
    return HttpQueue(parse_address(fake.url), ManagementKey(key or fake.key), timeout_s=5)


def test_popping_takes_the_oldest_until_empty(fake: FakeProxy) -> None:
    """Each record is the JSON the proxy sent, byte by byte, and the version is learnt."""
    for _ in range(3):
        fake.request()
    fake.settle()
    queue = queue_of(fake)
    payloads = [*queue.pop(2), *queue.pop(2)]
    assert [payload[:1] + payload[-1:] for payload in payloads] == [b"{}"] * 3
    assert (queue.pop(2), queue.version, fake.failed_logins) == ([], "7.2.140", 0)


def test_statistics_are_asked_for(fake: FakeProxy) -> None:
    """The switch that decides whether there are records at all."""
    queue = queue_of(fake)
    assert queue.statistics_enabled() is True
    fake.set_statistics(False)
    assert queue.statistics_enabled() is False


def test_a_wrong_key_is_refused_and_not_told(fake: FakeProxy) -> None:
    """One failed login, and a message without the key."""
    with pytest.raises(QueueRefused) as refused:
        queue_of(fake, SECRET).pop()
    assert fake.failed_logins == 1
    assert SECRET not in str(refused.value)


def test_a_ban_is_understood(fake: FakeProxy) -> None:
    """HTTP tells the same as RESP."""
    fake.ban(90)
    with pytest.raises(QueueBanned) as banned:
        queue_of(fake).pop()
    assert 85_000 < banned.value.retry_in_ms < 95_000


def test_a_version_without_the_endpoint_or_without_management(tmp_path: Path) -> None:
    """What is missing is said to be missing, and is no failed login."""
    with FakeProxy(tmp_path / "old", version="6.10.1") as old:
        with pytest.raises(QueueUnreachable, match="404"):
            queue_of(old).pop()
        assert old.failed_logins == 0
    with FakeProxy(tmp_path / "closed", management=False) as closed:
        with pytest.raises(QueueUnreachable, match="no management key is set"):
            queue_of(closed).pop()
        url, key = closed.url, closed.key
    with pytest.raises(QueueUnreachable) as nobody:
        HttpQueue(parse_address(url), ManagementKey(key)).pop()
    assert nobody.value.how == "down"


def test_proxies_of_the_environment_do_not_get_the_key(
    fake: FakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY is for the web; the key goes to the address that was named, and nowhere else."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert queue_of(fake).pop() == []
