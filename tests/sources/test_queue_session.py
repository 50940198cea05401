"""A connected queue, by the best way each version of the proxy offers."""

from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueRefused, QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import parse_address
from proxypal.sources.queue_session import open_session


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ("6.9.38", "polling RESP"),
        ("7.0.3", "polling RESP"),
        ("7.0.7", "subscribed"),
        ("7.1.17", "polling HTTP"),
        ("7.1.60", "subscribed"),
        ("7.2.140", "subscribed"),
        ("8.0.20", "subscribed"),
    ],
)
def test_each_version_by_its_best_way(tmp_path: Path, version: str, mode: str) -> None:
    """Subscribed where that exists, else popped over RESP, else over HTTP; no login fails."""
    with FakeProxy(tmp_path / "logs", version=version) as fake:
        fake.request()
        fake.settle()
        session = open_session(parse_address(fake.url), ManagementKey(fake.key), subscribe=True)
        try:
            assert session.mode == mode
            assert len(session.pop(10)) == 1
            assert session.statistics_enabled() is True
            assert session.proxy_version == fake.version.text
        finally:
            session.close()
        assert fake.failed_logins == 0


def test_behind_a_path_only_http_leads_there(tmp_path: Path) -> None:
    """A reverse proxy that adds a path does not pass RESP on, so it is not even tried."""
    with FakeProxy(tmp_path / "logs") as fake:
        address = parse_address(fake.url + "/behind")
        session = open_session(address, ManagementKey(fake.key), subscribe=True)
        assert session.mode == "polling HTTP"
        with pytest.raises(QueueUnreachable, match="404"):
            session.pop(1)
        assert fake.seen["AUTH"] == 0


def test_a_wrong_key_fails_one_login_in_all(tmp_path: Path) -> None:
    """What RESP refused is not tried over HTTP as well."""
    with FakeProxy(tmp_path / "logs") as fake:
        with pytest.raises(QueueRefused):
            open_session(parse_address(fake.url), ManagementKey("wrong"), subscribe=True)
        assert fake.failed_logins == 1
