"""One line of the store broken on purpose, in a copy of the package; which lines, and what notices.

Each is a mistake somebody could make: the code still works, and every number is right until a
process is killed, the power fails, a disk is full or two processes meet.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

KILLS = "tests/crash/test_every_system_call.py::test_killed_at_every_system_call"
POWER = "tests/crash/test_power_loss.py::test_power_lost_at_every_moment"
ERRORS = "tests/crash/test_every_error.py::test_every_system_call_fails"


class Mutation(NamedTuple):
    """`line`, once in `function` of a module of the store, becomes `instead`.

    `proof` is the test of the crash explorer, or of the torture, that must fail then.
    """

    mistake: str
    module: str
    function: str
    line: str
    instead: str
    proof: str


MUTATIONS = (
    Mutation(
        "a published file is not synced before it takes its place",
        *("durable_files.py", "stage_file", "_sync_file(descriptor)", "pass"),
        f"{POWER}[publish]",
    ),
    Mutation(
        "the folder is not synced after a file took its place",
        *("durable_files.py", "place_files", "sync_directory(folder)", "pass"),
        f"{POWER}[publish]",
    ),
    Mutation(
        "a backup's files are not synced before it takes its place",
        *("durable_files.py", "commit_directory", "sync_path(child)", "pass"),
        f"{POWER}[clear]",
    ),
    Mutation(
        "the folder is not synced after a backup took its place",
        *("durable_files.py", "commit_directory", "sync_directory(target.parent)", "pass"),
        f"{POWER}[clear]",
    ),
    Mutation(
        "commits are not synced",
        *("database.py", "_configure", "synchronous = FULL", "synchronous = OFF"),
        f"{POWER}[record]",
    ),
    Mutation(
        "commits have no journal",
        *("database.py", "_configure", "journal_mode = WAL", "journal_mode = OFF"),
        f"{KILLS}[record]",
    ),
    Mutation(
        "the position is committed apart from the facts",
        *("sourcing.py", "apply_batch", "position = _advance(change, batch)"),
        "position = _advance(change, batch); connection.execute('COMMIT'); "
        "connection.execute('BEGIN')",
        "tests/crash/test_watching_cut_off.py::test_a_watcher_killed_at_every_system_call",
    ),
    Mutation(
        "the folder is not synced after the WAL of a lost database is gone",
        *(
            "succession.py",
            "_remove_companions",
            "durable_files.sync_directory(lost.path.parent)",
            "pass",
        ),
        "tests/crash/test_power_loss.py::test_a_wal_never_meets_another_database",
    ),
    Mutation(
        "the files are published before the commit",
        *("engine.py", "_write_once", "result = act(self._change(connection, state))"),
        "result = act(made := self._change(connection, state)); self._publisher.put_out(made)",
        f"{ERRORS}[source-EIO-goes on]",
    ),
    Mutation(
        "a failed commit is taken for done",
        *("database.py", "transaction", "raise", "pass"),
        f"{ERRORS}[source-EIO-goes on]",
    ),
    Mutation(
        "a file is written in its place",
        *("durable_files.py", "stage_file", "temporary = path.with_name("),
        "temporary = path or path.with_name(",
        f"{KILLS}[publish]",
    ),
    Mutation(
        "a transaction takes the write lock only when it writes",
        *("database.py", "transaction", "BEGIN IMMEDIATE", "BEGIN DEFERRED"),
        "tests/crash/test_many_at_once.py",
    ),
)


def broken_copy(mutation: Mutation, folder: Path) -> Path:
    """The project's code and tests in `folder`, with that one line changed."""
    unwanted = shutil.ignore_patterns("__pycache__", ".hypothesis")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = folder / "src" / "proxypal" / "store" / mutation.module
    before, head, rest = path.read_text().partition(f"def {mutation.function}(")
    body, next_head, after = rest.partition("\n    def " if before.endswith("    ") else "\ndef ")
    assert body.count(mutation.line) == 1, mutation
    body = body.replace(mutation.line, mutation.instead)
    path.write_text(f"{before}{head}{body}{next_head}{after}")
    return folder


def proof_of(mutation: Mutation, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the test that must notice, in the broken copy; it ends with the first failure."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", mutation.proof, "-x", "-m", "torture or not torture"),
            *("-p", "no:cacheprovider", "--basetemp", str(folder / "tmp"), "--tb=short"),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
