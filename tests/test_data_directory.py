"""Where the data lives."""

import json
from pathlib import Path

import pytest

from proxypal import Store
from proxypal import data_directory as places
from proxypal.data_directory import choose_data_directory, choose_original_directory

HOME = Path("/home/ada")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_linux_and_macos_share_the_config_directory(platform: str) -> None:
    """On Linux and macOS the data is in ~/.config/proxypal, as the original app had it."""
    assert choose_data_directory(None, {}, platform, HOME) == HOME / ".config" / "proxypal"


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_xdg_config_home_moves_it(platform: str) -> None:
    """XDG_CONFIG_HOME moves the data with everything else that is configured."""
    environment = {"XDG_CONFIG_HOME": "/srv/config"}
    assert choose_data_directory(None, environment, platform, HOME) == Path("/srv/config/proxypal")


@pytest.mark.parametrize("value", ["", "relative/config"])
def test_xdg_config_home_must_be_absolute(value: str) -> None:
    """An empty or relative XDG_CONFIG_HOME is ignored, as its specification asks."""
    environment = {"XDG_CONFIG_HOME": value}
    expected = HOME / ".config" / "proxypal"
    assert choose_data_directory(None, environment, "linux", HOME) == expected


def test_windows_uses_appdata() -> None:
    """On Windows the data is in %APPDATA%, whatever XDG variables say."""
    environment = {"APPDATA": "/users/ada/roaming", "XDG_CONFIG_HOME": "/srv/config"}
    expected = Path("/users/ada/roaming/proxypal")
    assert choose_data_directory(None, environment, "win32", HOME) == expected


def test_windows_without_appdata_still_has_a_place() -> None:
    """A service account without APPDATA gets the folder APPDATA would name."""
    expected = HOME / "AppData" / "Roaming" / "proxypal"
    assert choose_data_directory(None, {}, "win32", HOME) == expected


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_proxypal_home_is_the_directory_itself(platform: str) -> None:
    """PROXYPAL_HOME names the data directory itself and wins over the platform's place."""
    environment = {"PROXYPAL_HOME": "/data/pal", "XDG_CONFIG_HOME": "/x", "APPDATA": "/y"}
    assert choose_data_directory(None, environment, platform, HOME) == Path("/data/pal")


def test_an_option_wins_over_everything() -> None:
    """What is given on the command line wins over PROXYPAL_HOME."""
    environment = {"PROXYPAL_HOME": "/data/pal"}
    assert choose_data_directory(Path("/here"), environment, "linux", HOME) == Path("/here")


@pytest.mark.parametrize(("named", "expected"), [("~", HOME), ("~/pal", HOME / "pal")])
def test_a_tilde_is_the_home(named: str, expected: Path) -> None:
    """`--data-dir=~/pal` means what it says though no shell expands that tilde."""
    assert choose_data_directory(Path(named), {}, "linux", HOME) == expected
    assert choose_data_directory(None, {"PROXYPAL_HOME": named}, "linux", HOME) == expected


def test_the_two_files_have_their_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """get_history_path() and get_aggregate_path() name the seed's two files."""
    monkeypatch.setenv("PROXYPAL_HOME", str(tmp_path))
    assert places.get_history_path() == tmp_path / "history.json"
    assert places.get_aggregate_path() == tmp_path / "aggregate.json"


def test_a_relative_directory_is_made_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The data directory stays the same when the process later changes its own directory."""
    monkeypatch.chdir(tmp_path)
    assert places.data_directory(Path("pal")) == tmp_path / "pal"


def test_the_original_apps_macos_folder_is_looked_into() -> None:
    """On macOS the original app kept its files elsewhere than documented; they are found there."""
    original = choose_original_directory({}, "darwin", HOME)
    assert original == HOME / "Library" / "Application Support" / "proxypal"


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_other_platforms_have_one_place(platform: str) -> None:
    """Elsewhere the original app's files are where ours are, or a place was named on purpose."""
    assert choose_original_directory({}, platform, HOME) is None
    assert choose_original_directory({"PROXYPAL_HOME": "/pal"}, "darwin", HOME) is None


def test_old_files_in_the_other_place_are_migrated_from_a_copy(tmp_path: Path) -> None:
    """A store opened for the first time takes the original app's files over and leaves them."""
    original = tmp_path / "original"
    original.mkdir()
    rows = [{"timestamp": 1_766_394_932_000, "model": "claude-opus-4-5", "status": 200}]
    old = json.dumps({"requests": rows}).encode()
    (original / "history.json").write_bytes(old)
    with Store(tmp_path / "pal", legacy=original) as store:
        assert store.get_usage_stats().total_requests == 1
    assert (original / "history.json").read_bytes() == old
