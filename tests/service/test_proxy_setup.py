"""Whether CLIProxyAPI is set up so that everything can be recorded."""

from pathlib import Path

import pytest

from proxypal.errors import UnreadableInput
from proxypal.service.proxy_setup import examine_proxy_config, find_proxy


def test_the_config_is_found_in_its_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name the config in the current folder is examined."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("debug: true\n")
    examined = examine_proxy_config()
    advice = examined.advice
    assert examined.path == tmp_path / "config.yaml"
    assert "debug" not in [one.key for one in advice]
    assert "logging-to-file" in [one.key for one in advice]


def test_a_password_from_the_environment_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MANAGEMENT_PASSWORD gives the proxy its management key as well as the config does."""
    (tmp_path / "config.yaml").write_text("debug: true\n")
    monkeypatch.setenv("MANAGEMENT_PASSWORD", "x")
    keys = [one.key for one in examine_proxy_config(tmp_path / "config.yaml").advice]
    assert "remote-management.secret-key" not in keys


@pytest.mark.parametrize(
    ("config", "url", "retention_ms"),
    [
        ("", "http://127.0.0.1:8317", 60_000),
        ("port: 9000\nhost: 0.0.0.0\n", "http://127.0.0.1:9000", 60_000),
        ("host: 10.0.0.7\ntls:\n  enable: true\n", "https://10.0.0.7:8317", 60_000),
        ("redis-usage-queue-retention-seconds: 9999", "http://127.0.0.1:8317", 3_600_000),
        ("port: many\nredis-usage-queue-retention-seconds: x", "http://127.0.0.1:8317", 60_000),
    ],
)
def test_the_proxy_is_where_its_config_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, url: str, retention_ms: int
) -> None:
    """Port, host and TLS of the config, the usual ones where it says nothing or nonsense."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(config)
    found = find_proxy()
    assert (found.address.url, found.retention_ms) == (url, retention_ms)


def test_what_the_environment_gives_us_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether our own side has the key is part of the answer; the key itself is not."""
    config = tmp_path / "config.yaml"
    config.write_text("port: 9000\n")
    for name in ("PROXYPAL_MANAGEMENT_KEY", "MANAGEMENT_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert examine_proxy_config(config)[2:] == ("http://127.0.0.1:9000", False)
    monkeypatch.setenv("PROXYPAL_MANAGEMENT_KEY", "s3cret")
    examined = examine_proxy_config(config)
    assert examined.has_key
    assert "s3cret" not in repr(examined)


def test_a_missing_config_is_an_error_with_its_name(tmp_path: Path) -> None:
    """What cannot be read is named."""
    with pytest.raises(UnreadableInput, match=r"gone\.yaml"):
        examine_proxy_config(tmp_path / "gone.yaml")
