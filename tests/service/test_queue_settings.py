"""Which usage queue is read: the one that is named, the one that is found, or none."""

from pathlib import Path

import pytest

from proxypal.errors import UnreadableInput, WrongUsage
from proxypal.service.queue_settings import HOW_TO_SWITCH_ON, QueueChoice, choose_queue

KEY = {"PROXYPAL_MANAGEMENT_KEY": "k3y"}
CONFIG = "port: 9000\nredis-usage-queue-retention-seconds: 600\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def chosen(url: str | None = None, file: Path | None = None, **environment: str) -> QueueChoice:
    choice = choose_queue(url, file, environment)
    assert isinstance(choice, QueueChoice)
    return choice


def test_what_is_named_is_read() -> None:
    """By argument, which wins, or by PROXYPAL_CLIPROXY."""
    assert chosen("http://a:1", None, **KEY).address.host == "a"
    assert chosen(None, None, **KEY, PROXYPAL_CLIPROXY="http://b:1").address.host == "b"
    assert chosen("http://a:1", None, **KEY, PROXYPAL_CLIPROXY="http://b:1").address.host == "a"
    assert chosen("http://a:1", None, **KEY).retention_ms == 60_000


def test_what_is_named_needs_a_key(tmp_path: Path) -> None:
    """Said before anything is tried, with how to give it."""
    for environment in ({}, {"PROXYPAL_CLIPROXY": "http://a:1"}):
        with pytest.raises(WrongUsage, match="--management-key-file"):
            choose_queue(None if environment else "http://a:1", None, environment)
    with pytest.raises(UnreadableInput, match="gone"):
        choose_queue("http://a:1", tmp_path / "gone", {})


def test_the_proxy_of_this_machine_is_found(tmp_path: Path) -> None:
    """With a key and a config in its usual place, its port and retention are known."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    choice = chosen(None, None, **KEY)
    assert (choice.address.url, choice.retention_ms) == ("http://127.0.0.1:9000", 600_000)
    assert chosen("localhost:9000", None, **KEY).retention_ms == 600_000
    assert chosen("localhost:9001", None, **KEY).retention_ms == 60_000


def test_without_a_key_or_a_proxy_it_is_said_how_to_switch_on(tmp_path: Path) -> None:
    """One sentence that names both options and the variable, and nothing is read."""
    assert choose_queue(None, None, KEY) == HOW_TO_SWITCH_ON
    (tmp_path / "config.yaml").write_text(CONFIG)
    assert choose_queue(None, None, {}) == HOW_TO_SWITCH_ON
    for named in ("--cliproxy", "--management-key-file", "PROXYPAL_MANAGEMENT_KEY"):
        assert named in HOW_TO_SWITCH_ON


def test_a_key_file_without_a_proxy_is_wrong_usage(tmp_path: Path) -> None:
    """Who gives a key wants the queue, and has to say where it is."""
    file = tmp_path / "key"
    file.write_text("k3y")
    with pytest.raises(WrongUsage, match="--cliproxy"):
        choose_queue(None, file, {})
