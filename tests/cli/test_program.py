"""The program as a whole: its help, its options, how it ends."""

import os
import pty
import subprocess
from pathlib import Path

import click
import pytest

from proxypal import __version__
from proxypal.cli import COMMANDS, program
from running import PROGRAM, environment, proxypal, start


def _commands() -> list[tuple[str, click.Command]]:
    context = click.Context(program)
    found = [(name, program.get_command(context, name)) for name in COMMANDS]
    return [(name, command) for name, command in found if command is not None]


def _subcommands() -> list[tuple[str, click.Command]]:
    deeper = [
        (f"{name} {inner}", command.commands[inner])
        for name, command in _commands()
        if isinstance(command, click.Group)
        for inner in command.commands
    ]
    return [*_commands(), *deeper]


def test_every_command_of_the_table_exists() -> None:
    """Each command in the table is there under its name."""
    assert [name for name, _ in _commands()] == list(COMMANDS)
    assert all(command.name == name for name, command in _commands())


@pytest.mark.parametrize(("name", "command"), _subcommands())
def test_every_command_and_option_is_explained(name: str, command: click.Command) -> None:
    """Every command says what it does and every option what it is for."""
    assert command.help, name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"


@pytest.mark.parametrize(("name", "command"), _subcommands())
def test_every_command_takes_the_data_directory(name: str, command: click.Command) -> None:
    """--data-dir is accepted after every command that has data of the user's."""
    if isinstance(command, click.Group) or name.startswith(("completion", "setup", "demo")):
        return
    assert any("--data-dir" in parameter.opts for parameter in command.params), name


@pytest.mark.parametrize(
    "name", ["import", "stats", "history", "clear", "reset", "restore", "doctor", "watch"]
)
def test_whatever_shows_something_speaks_json(name: str) -> None:
    """Every command that shows something has --json."""
    command = dict(_commands())[name]
    assert any("--json" in parameter.opts for parameter in command.params)


def test_alone_it_says_where_to_start(tmp_path: Path) -> None:
    """`proxypal` without a command helps, and that is no failure."""
    shown = proxypal(tmp_path)
    assert shown.code == 0
    assert "Start here:\n    proxypal serve" in shown.out
    for name in COMMANDS:
        assert f"\n  {name} " in shown.out


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    """`proxypal --version` names the version."""
    assert proxypal(tmp_path, "--version").out == f"proxypal {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["stats", "--nonsense"], ["history", "--limit", "few"], ["import"]]
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    """A command line that means nothing ends with 2, says why on stderr, and prints no data."""
    shown = proxypal(tmp_path, *arguments)
    assert (shown.code, shown.out) == (2, "")
    assert "Error:" in shown.err


def test_the_data_directory_may_stand_before_or_after(tmp_path: Path) -> None:
    """--data-dir works before and after the command; the later one wins."""
    before, after = str(tmp_path / "before"), str(tmp_path / "after")
    line = '{"path": "/v1/messages", "status": 200}\n'
    proxypal(tmp_path, "--data-dir", before, "record", stdin=line)
    proxypal(tmp_path, "record", "--data-dir", after, stdin=line * 2)
    for arguments, total in (
        (["--data-dir", before, "stats"], 1),
        (["stats", "--data-dir", after], 2),
        (["--data-dir", before, "stats", "--data-dir", after], 2),
    ):
        assert proxypal(tmp_path, *arguments, "--json").json()["totalRequests"] == total
    assert not (tmp_path / "data").exists()


def test_an_error_is_a_sentence(tmp_path: Path) -> None:
    """What goes wrong is said in a sentence on stderr, without a traceback, and ends with 1."""
    shown = proxypal(tmp_path, "restore", "never-made")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.startswith("proxypal: No backup named 'never-made'")
    assert "Traceback" not in shown.err


def test_an_error_message_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """What the user or a file says is shown without its control characters."""
    assert "\x1b" not in proxypal(tmp_path, "restore", "\x1b[2J").err


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """`proxypal history | head -1` ends without a word, as every tool of the shell does."""
    lines = '{"path": "/v1/messages", "status": 200}\n' * 500
    proxypal(tmp_path, "record", stdin=lines)
    with start(tmp_path, "history", "--json") as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(timeout=30) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_told(tmp_path: Path) -> None:
    """Output that cannot be written is an error, not silence."""
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [*PROGRAM, "stats", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
            check=False,
        )
    assert run.returncode == 1
    assert run.stderr == b"proxypal: Cannot write the output: No space left on device.\n"


def test_completion_scripts_complete(tmp_path: Path) -> None:
    """The completion of a shell offers commands, options, and what usage is grouped by."""
    script = proxypal(tmp_path, "completion", "bash")
    assert script.code == 0
    assert "_PROXYPAL_COMPLETE=bash_complete" in script.out
    words = {"COMP_WORDS": "proxypal st", "COMP_CWORD": "1"}
    offered = proxypal(tmp_path, _PROXYPAL_COMPLETE="bash_complete", **words)
    assert offered.out.splitlines() == ["plain,stats", "plain,statusline"]
    words = {"COMP_WORDS": "proxypal stats --by model,w", "COMP_CWORD": "3"}
    offered = proxypal(tmp_path, _PROXYPAL_COMPLETE="bash_complete", **words)
    names = [line.removeprefix("plain,") for line in offered.out.splitlines()]
    assert names == ["model,week", "model,weekday-hour"]
    for shell in ("zsh", "fish"):
        assert "proxypal" in proxypal(tmp_path, "completion", shell).out


def test_colours_are_for_a_terminal_only(tmp_path: Path) -> None:
    """Piped output and NO_COLOR are plain; a terminal gets colours."""
    proxypal(tmp_path, "record", stdin='{"path": "/v1/messages", "status": 200}\n')
    assert "\x1b" not in proxypal(tmp_path, "stats").out
    assert b"\x1b[" in _on_a_terminal(tmp_path, "stats")
    assert b"\x1b" not in _on_a_terminal(tmp_path, "stats", NO_COLOR="1")


def _on_a_terminal(home: Path, *arguments: str, **more: str) -> bytes:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment(home, TERM="xterm", **more),
    ) as run:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break  # the other side is gone
            if not part:
                break
            shown += part
        run.wait(timeout=30)
    os.close(leader)
    return shown
