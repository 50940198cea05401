"""Whether CLIProxyAPI is set up so that everything can be recorded."""

from pathlib import Path

import pytest

from proxypal.errors import UnreadableInput
from proxypal.service.proxy_setup import examine_proxy_config


def test_the_config_is_found_in_its_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name the config in the current folder is examined."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("debug: true\n")
    path, advice = examine_proxy_config()
    assert path == tmp_path / "config.yaml"
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


def test_a_missing_config_is_an_error_with_its_name(tmp_path: Path) -> None:
    """What cannot be read is named."""
    with pytest.raises(UnreadableInput, match=r"gone\.yaml"):
        examine_proxy_config(tmp_path / "gone.yaml")
