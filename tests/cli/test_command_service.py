"""`proxypal service`: what is installed is `proxypal serve` with these options, and no secret."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from running import Ended, proxypal

UNIT = Path(".config/systemd/user/proxypal.service")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the machine's own manager is told")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A `systemctl` that writes down what it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$*" >> {folder}/told\necho active\n')
    program.chmod(0o755)
    return folder


def service(tools: Path, *arguments: str, **more: str) -> Ended:
    more = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", **more}
    return proxypal(tools.parent, "service", *arguments, **more)


def words_of(unit: Path) -> list[str]:
    """The command of a unit, word by word."""
    (line,) = [one for one in unit.read_text().splitlines() if one.startswith("ExecStart=")]
    return shlex.split(line.removeprefix("ExecStart=").replace("%%", "%"))


def test_options_of_serve_are_installed_with_whole_paths(tools: Path) -> None:
    """Relative paths are made absolute, every option stays, and the service starts."""
    home = tools.parent
    (home / "the key").write_text("local-management-key")
    done = service(
        tools, "install", "--port", "9000", "--log", "a b/main.log", "--log", "second.log",
        "--cliproxy", "http://127.0.0.1:8317", "--management-key-file", "the key", "--remote-log",
    )  # fmt: skip
    assert (done.code, done.err.count("enable-linger")) == (0, 1)
    words = words_of(home / UNIT)
    assert words[:6] == [sys.executable, "-P", "-m", "proxypal", "serve", "--no-browser"]
    assert words[6:] == [
        "--data-dir", str(home / "data"), "--port=9000", f"--log={home}/a b/main.log",
        f"--log={home}/second.log", "--cliproxy=http://127.0.0.1:8317",
        f"--management-key-file={home}/the key", "--remote-log",
    ]  # fmt: skip
    assert "restart proxypal.service" in (tools / "told").read_text()


def test_no_secret_is_written(tools: Path) -> None:
    """A key in the environment stays there, and one learns that the service does not see it."""
    secret = "local-management-s3cret"
    done = service(tools, "install", PROXYPAL_MANAGEMENT_KEY=secret)
    assert done.code == 0
    assert "--management-key-file" in done.err
    written = (tools.parent / UNIT).read_text() + done.out + done.err + (tools / "told").read_text()
    assert secret not in written


def test_a_key_file_that_is_missing_is_told(tools: Path) -> None:
    """Else the service would fail at each start, where nobody looks."""
    done = service(tools, "install", "--management-key-file", "not-there")
    assert "not-there is not there" in done.err


def test_a_dry_run_shows_everything_and_does_nothing(tools: Path) -> None:
    """The unit with its place, and the commands; nothing is written or run."""
    shown = service(tools, "install", "--dry-run", "--port", "9000")
    assert shown.code == 0
    assert str(tools.parent / UNIT) in shown.out
    assert "ExecStart=" in shown.out
    assert "# systemctl --user daemon-reload" in shown.out
    assert not (tools.parent / UNIT).exists()
    assert not (tools / "told").exists()


def test_wrong_options_are_refused_before_anything_is_written(tools: Path) -> None:
    """What `serve` would refuse at every start is refused now, with its own words."""
    refused = service(tools, "install", "--port", "many")
    assert refused.code == 2
    assert "many" in refused.err
    unknown = service(tools, "install", "--prot", "9000")
    assert unknown.code == 2
    assert not (tools.parent / UNIT).exists()


def test_status_and_remove(tools: Path) -> None:
    """Not installed is exit code 1 with the way to do it; installed and running is 0."""
    before = service(tools, "status")
    assert (before.code, "service install" in before.err) == (1, True)
    service(tools, "install")
    after = service(tools, "status")
    assert (after.code, "ok" in after.out, "active" in after.out) == (0, True, True)
    assert service(tools, "remove").code == 0
    assert not (tools.parent / UNIT).exists()
    again = service(tools, "remove")
    assert (again.code, "Not installed" in again.out) == (0, True)


def test_without_systemd_the_command_is_told(tools: Path) -> None:
    """Where there is no service manager: exit code 1, and the command to be run in another way."""
    (tools / "systemctl").unlink()
    told = service(tools, "install", "--port", "9000", PATH=str(tools))
    assert told.code == 1
    assert "serve --no-browser" in told.err
    assert "--port=9000" in told.err
