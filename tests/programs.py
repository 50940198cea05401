"""Small programs of the tests' own, run in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CRASH, DAMAGE = HERE / "crash", HERE / "damage"


def python_path(*folders: Path) -> str:
    """`PYTHONPATH` for a program that needs these folders; it finds all that its caller finds."""
    callers = filter(None, [os.environ.get("PYTHONPATH")])
    return os.pathsep.join([*map(str, folders), *callers])


def start(program: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start one with pipes to and from it; it finds what tests find."""
    return subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": python_path(HERE, program.parent)},
    )


def output_of(program: Path, *arguments: str) -> str:
    """What one prints that needs no input."""
    process = start(program, *arguments)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, "its last words are above"
    return output
