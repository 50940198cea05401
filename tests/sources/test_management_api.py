"""One question to the management API: where the key goes, and what errors say."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import QueueRefused, QueueUnreachable
from proxypal.sources.management_api import ManagementApi
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import parse_address

SWITCH = "/v0/management/usage-statistics-enabled"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeProxy]:
    with FakeProxy(tmp_path / "logs") as proxy:
        yield proxy


def api_of(url: str, key: str) -> ManagementApi:
    return ManagementApi(parse_address(url), ManagementKey(key), timeout_s=5, what="This")


def test_a_good_answer_and_the_version(fake: FakeProxy) -> None:
    """The body as it was sent; the version of the proxy is learnt on the way."""
    api = api_of(fake.url, fake.key)
    assert b"usage-statistics-enabled" in api.get(SWITCH)
    assert api.version == "7.2.140"


def test_errors_name_what_was_asked_for_and_no_key(fake: FakeProxy) -> None:
    """Each begins with what is missing and where, whatever went wrong."""
    with pytest.raises(QueueRefused, match=r"^This at http") as refused:
        api_of(fake.url, "wrong-s3cret").get(SWITCH)
    assert "s3cret" not in str(refused.value)
    with pytest.raises(QueueUnreachable, match=r"^This at http.*404"):
        api_of(fake.url, fake.key).get("/v0/management/nothing")
    fake.stop()
    with pytest.raises(QueueUnreachable, match=r"^This at http") as gone:
        api_of(fake.url, fake.key).get(SWITCH)
    assert gone.value.how == "down"


def test_what_speaks_something_else_is_said_so() -> None:
    """A port of another program is no proxy."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"SSH-2.0-x\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(QueueUnreachable, match="does not speak HTTP"):
            api_of(url, "k").get(SWITCH)
        thread.join(5)
