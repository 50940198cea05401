"""ProxyPal in the background: what systemd and launchd are given."""

import os
import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from proxypal.errors import ServiceTrouble, WrongUsage
from proxypal.service.background_service import (
    Machine,
    launchd_agent,
    plan,
    serve_command,
    systemd_unit,
)

AWKWARD = ["/opt/my python/bin/python3", "a b", "100%", 'say "hi"', "back\\slash", "", "it's"]


def test_an_agent_says_its_words_one_by_one() -> None:
    """No shell stands between: spaces, quotes and percent signs need no care in a plist."""
    agent = plistlib.loads(launchd_agent(AWKWARD, Path("/data/serve.log")).encode())
    assert agent["ProgramArguments"] == AWKWARD
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["StandardErrorPath"] == "/data/serve.log"


def test_a_unit_quotes_what_systemd_would_change() -> None:
    """Spaces, quotes and backslashes are quoted, percent signs doubled, variables switched off."""
    (line,) = [one for one in systemd_unit(AWKWARD).splitlines() if one.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart=").replace("%%", "%"))
    assert words == AWKWARD
    assert "100%%" in line
    (line,) = [one for one in systemd_unit(["/x", "$HOME"]).splitlines() if "$HOME" in one]
    assert line.startswith("ExecStart=:/x ")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd to ask")
def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    """The unit is accepted as it is, also with a program and a folder of awkward names."""
    program = tmp_path / "my 100% $HOME dir" / "python3"
    program.parent.mkdir()
    program.symlink_to(shutil.which("true") or "/bin/true")
    unit = tmp_path / "proxypal.service"
    unit.write_text(systemd_unit(serve_command(str(program), ["--data-dir", "/a b/%h $x"])))
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", unit],
        capture_output=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        timeout=60,
        check=False,
    )
    assert b"proxypal.service" not in checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("platform", "words"),
    [("win32", ["Task Scheduler", "schtasks /Create", "serve --no-browser"]), ("linux", ["nor"])],
)
def test_without_a_service_manager_the_command_is_told(
    tmp_path: Path, platform: str, words: list[str]
) -> None:
    """Where nothing can be installed one learns the exact command to be run in another way."""
    machine = Machine(platform, tmp_path, {"PATH": str(tmp_path)}, user=0)
    with pytest.raises(ServiceTrouble) as trouble:
        plan(serve_command("/usr/bin/python3", ["--log", "/a b"]), tmp_path, machine)
    for word in words:
        assert word in str(trouble.value)


def test_a_line_break_cannot_become_a_line_of_the_unit() -> None:
    """An argument with a line break is refused, for it would be read as another setting."""
    with pytest.raises(WrongUsage, match="line break"):
        systemd_unit(["/x", "a\nExecStartPre=/bin/evil"])
