import gzip
from pathlib import Path

import pytest

from builders import access_line, log_of
from proxypal.errors import LogNotFound
from proxypal.sources.find_log import (
    Surroundings,
    config_places,
    find_logs,
    log_places,
    looks_like_the_log,
)
from proxypal.sources.log_files import LogSet


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    (tmp_path / "work").mkdir()
    return Surroundings({}, tmp_path / "home", tmp_path / "work", "linux")


def put_log(path: Path, content: bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(log_of(access_line()) if content is None else content)
    return path


def found(around: Surroundings) -> list[Path]:
    """What is found below the test's own directory: the machine may have a proxy of its own."""
    root = around.working_directory.parent
    try:
        logs = find_logs((), around)
    except LogNotFound:
        return []
    return [one.path for one in logs if one.path.is_relative_to(root)]


@pytest.mark.parametrize(
    "place",
    ["work/logs", "home/.cli-proxy-api/logs", "home/.config/proxypal/logs"],
)
def test_the_log_is_found_where_the_proxy_puts_it(around: Surroundings, place: str) -> None:
    """Working directory, auth directory and ProxyPal's own directory are looked at."""
    path = put_log(around.working_directory.parent / place / "main.log")
    assert found(around) == [path]


def test_the_writable_path_comes_first(around: Surroundings, tmp_path: Path) -> None:
    """WRITABLE_PATH decides for the proxy, so it is looked at before all others."""
    here = around._replace(environment={"WRITABLE_PATH": str(tmp_path / "writable")})
    second = put_log(tmp_path / "home/.cli-proxy-api/logs/main.log")
    first = put_log(tmp_path / "writable/logs/main.log")
    assert found(here) == [first, second]


@pytest.mark.parametrize("named", ["~/auths", "auths", "{root}/auths"])
def test_the_auth_directory_of_a_config_is_looked_at(
    around: Surroundings, tmp_path: Path, named: str
) -> None:
    """`auth-dir` of a config.yaml leads to the log, with ~, relative or absolute."""
    config = around.working_directory / "config.yaml"
    config.write_text(f"auth-dir: {named.format(root=tmp_path)!r}\n")
    parents = {"~/auths": around.home, "auths": around.working_directory}
    path = put_log(parents.get(named, tmp_path) / "auths/logs/main.log")
    assert found(around) == [path]


def test_a_broken_config_does_not_stop_the_search(around: Surroundings, tmp_path: Path) -> None:
    """Whatever lies where a config may be, the other places are still looked at."""
    (around.working_directory / "config.yaml").write_bytes(b"\x00[: {")
    path = put_log(tmp_path / "home/.cli-proxy-api/logs/main.log")
    assert found(around) == [path]


def test_rotated_files_alone_are_a_log(around: Surroundings, tmp_path: Path) -> None:
    """A log whose main.log is gone for the moment is found by its rotated files."""
    directory = tmp_path / "home/.cli-proxy-api/logs"
    put_log(directory / "main-2026-08-22T10-00-00.000.log")
    assert found(around) == [directory / "main.log"]


def test_a_main_log_of_another_program_is_not_taken(around: Surroundings) -> None:
    """Others call their log main.log too; it is not read unasked."""
    put_log(around.working_directory / "logs/main.log", b"12:00 INFO server started\n")
    assert found(around) == []


def test_an_empty_main_log_is_taken(around: Surroundings) -> None:
    """Right after "clear logs" the log is empty, and still the log."""
    path = put_log(around.working_directory / "logs/main.log", b"")
    assert found(around) == [path]


def test_one_log_is_found_once(around: Surroundings, tmp_path: Path) -> None:
    """A log that two places lead to is read once."""
    path = put_log(tmp_path / "home/.cli-proxy-api/logs/main.log")
    here = around._replace(
        environment={"WRITABLE_PATH": str(tmp_path / "home/x/../.cli-proxy-api")}
    )
    (tmp_path / "home/x").mkdir()
    assert len(found(here)) == 1
    assert path.exists()


def test_no_log_says_where_it_was_looked_for(around: Surroundings) -> None:
    """Finding nothing names every place, and the keys that switch logging on."""
    bare = around._replace(environment={"WRITABLE_PATH": "/nonexistent"})
    places = log_places(bare)
    if any(place.exists() for place in places):
        pytest.skip("this machine has a proxy log of its own")
    with pytest.raises(LogNotFound) as caught:
        find_logs((), bare)
    assert caught.value.places == places
    for hint in ("/nonexistent/logs/main.log", "logging-to-file: true", "debug: true"):
        assert hint in str(caught.value)


def test_a_named_log_need_not_be_there(tmp_path: Path, around: Surroundings) -> None:
    """A log that is named is the one to read, whether it is there yet or not."""
    (logs,) = find_logs([tmp_path / "not-yet"], around)
    assert logs.path == tmp_path / "not-yet"


@pytest.mark.parametrize(
    ("platform", "environment", "place"),
    [
        ("darwin", {}, "/home/me/Library/Application Support/proxypal/logs/main.log"),
        ("win32", {"APPDATA": "/appdata"}, "/appdata/proxypal/logs/main.log"),
        ("win32", {}, "/home/me/AppData/Roaming/proxypal/logs/main.log"),
        ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/proxypal/logs/main.log"),
        ("linux", {}, "/home/me/.config/proxypal/logs/main.log"),
    ],
)
def test_proxypals_own_log_is_known_on_each_platform(
    platform: str, environment: dict[str, str], place: str
) -> None:
    """The log of the proxy that ProxyPal runs is looked for where each system keeps settings."""
    around = Surroundings(environment, Path("/home/me"), Path("/work"), platform)
    assert Path(place) in log_places(around)
    assert Path(place).parent.parent / "proxy-config.yaml" in config_places(around)


def test_the_places_of_the_container_image_are_known() -> None:
    """Inside the proxy's container the log is found too."""
    places = log_places(Surroundings({}, Path("/home/me"), Path("/work"), "linux"))
    assert Path("/CLIProxyAPI/logs/main.log") in places
    assert Path("/root/.cli-proxy-api/logs/main.log") in places


def test_a_log_is_told_by_what_it_holds(tmp_path: Path) -> None:
    """Looking inside tells the proxy's log, packed or behind a hole, from any other file."""
    for content in (log_of(access_line(layout="A")), b"\0" * 5000 + log_of(access_line())):
        for written in (content, gzip.compress(content)):
            put_log(tmp_path / "main.log", written)
            assert looks_like_the_log(LogSet(tmp_path))
    for other in (b"[x] y\n", b"\x1f\x8b no gzip"):
        put_log(tmp_path / "main.log", other)
        assert not looks_like_the_log(LogSet(tmp_path))
