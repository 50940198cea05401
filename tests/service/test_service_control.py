"""The background service, installed and removed: what systemd and launchd are told."""

import os
from pathlib import Path

import pytest

from proxypal.errors import ServiceTrouble
from proxypal.service.background_service import Machine, Plan, plan, serve_command
from proxypal.service.service_control import has_key, install, remove, state, this_machine


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH whose `systemctl` and `launchctl` write down what they are told.

    They refuse what the file `refuse` names.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("systemctl", "launchctl"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\necho "{name} $*" >> {folder}/told\n'
            f'if [ -f {folder}/refuse ] && echo "$*" | grep -q "$(cat {folder}/refuse)"; then\n'
            'echo "Failed to connect to bus" >&2; exit 1; fi\necho "state = running"\n'
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def told(tools: Path) -> list[str]:
    """What the service manager was told since the last question."""
    file = tools / "told"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def planned(tools: Path, *options: str, platform: str = "linux") -> Plan:
    machine = Machine(platform, tools.parent, {"PATH": str(tools)}, user=501)
    return plan(serve_command("/usr/bin/python3", options), tools.parent / "data", machine)


def test_a_unit_is_installed_enabled_and_started(tools: Path) -> None:
    """The file lies where systemd looks for it, is read in, and starts now and at each login."""
    unit = planned(tools, "--port=9000")
    install(unit)
    assert unit.path == tools.parent / ".config/systemd/user/proxypal.service"
    assert "ExecStart=/usr/bin/python3 -P -m proxypal serve --no-browser" in unit.path.read_text()
    assert told(tools) == [
        "systemctl --user daemon-reload",
        "systemctl --user enable proxypal.service",
        "systemctl --user restart proxypal.service",
    ]
    assert "loginctl enable-linger" in unit.advice


def test_installing_twice_interrupts_nothing(tools: Path) -> None:
    """The same again leaves the running service alone; other options start it anew."""
    install(planned(tools))
    told(tools)
    install(planned(tools))
    assert "systemctl --user restart proxypal.service" not in told(tools)
    install(planned(tools, "--port=9000"))
    assert told(tools)[-1] == "systemctl --user restart proxypal.service"


def test_it_is_asked_about_and_removed(tools: Path) -> None:
    """Status says installed and running; removing stops it, and a second time says so."""
    unit = planned(tools)
    assert state(unit) == (False, False, "not installed")
    install(unit)
    assert state(unit)[:2] == (True, True)
    told(tools)
    assert remove(unit)
    assert not unit.path.exists()
    assert told(tools) == [
        "systemctl --user disable --now proxypal.service",
        "systemctl --user daemon-reload",
    ]
    assert not remove(unit)
    assert told(tools) == []


def test_a_refusing_service_manager_is_quoted(tools: Path) -> None:
    """Without a session there is no user manager: its words are shown, with what to do."""
    (tools / "refuse").write_text("enable")
    with pytest.raises(ServiceTrouble, match="Failed to connect to bus") as refused:
        install(planned(tools))
    assert "install again" in str(refused.value)


def test_an_agent_is_loaded_and_loaded_again(tools: Path) -> None:
    """On macOS the agent is put in the place of the one that runs, if one does."""
    (tools / "refuse").write_text("bootout")  # nothing runs yet
    agent = planned(tools, platform="darwin")
    install(agent)
    assert agent.path == tools.parent / "Library/LaunchAgents/proxypal.serve.plist"
    assert told(tools) == [
        "launchctl enable gui/501/proxypal.serve",
        "launchctl bootout gui/501/proxypal.serve",
        f"launchctl bootstrap gui/501 {agent.path}",
    ]
    assert state(agent)[:2] == (True, True)
    told(tools)
    install(agent)
    assert told(tools)[-1] == "launchctl kickstart gui/501/proxypal.serve"
    assert remove(agent)


def test_this_machine_and_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home is the user's; an empty variable gives no key."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert this_machine({}).home == tmp_path
    assert has_key({"PROXYPAL_MANAGEMENT_KEY": "k"})
    assert not has_key({"MANAGEMENT_PASSWORD": ""})
