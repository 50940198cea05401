"""A proof that cannot fail proves nothing: the store with one wrong line, of a dozen, is found out.

Unbroken, the same tests pass: they are those of the crash explorer and the torture themselves.
"""

import re
from pathlib import Path

import pytest

from breaking_lines import MUTATIONS, Mutation, broken_copy, proof_of

pytest_plugins = ["crash_fixtures"]
pytestmark = pytest.mark.usefixtures("strace")

QUICK = {"commits are not synced", "the position is committed apart from the facts"}
"""Tried with every change; the others by `make torture`."""

BROKEN = [
    pytest.param(
        mutation,
        id=mutation.mistake,
        marks=[] if mutation.mistake in QUICK else [pytest.mark.torture],
    )
    for mutation in MUTATIONS
]


@pytest.mark.parametrize("mutation", BROKEN)
def test_a_broken_line_is_found_out(mutation: Mutation, tmp_path: Path) -> None:
    """One wrong line in the store, and the named proof fails: by a number, a file or an error."""
    proof = proof_of(mutation, broken_copy(mutation, tmp_path))
    said = proof.stdout[-4_000:] + proof.stderr[-1_000:]
    assert proof.returncode == 1, said
    assert re.search(r"^FAILED ", proof.stdout, re.MULTILINE), said
    assert "error" not in proof.stdout.splitlines()[-1], said
