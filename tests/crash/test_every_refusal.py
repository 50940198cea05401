"""Any system call that changes a file is refused once, in every way in which systems do that.

`test_every_error.py` breaks the disk (EIO) and fills it (ENOSPC); here are the others.
"""

from pathlib import Path

import pytest

from judging import moments_of
from moments import Moment, Stage
from nursing import Nursery
from test_every_error import OFFERED, fail_at

pytest_plugins = ["crash_fixtures"]
pytestmark = pytest.mark.usefixtures("strace")

WRITING = frozenset({"pwrite64", "write", "ftruncate", "fallocate"})
SYNCING = frozenset({"fsync", "fdatasync"})
NAMING = frozenset({"openat", "open", "mkdir", "rename", "unlink", "rmdir", "unlinkat", "renameat"})
REFUSALS = {
    "EINTR": WRITING | SYNCING | {"openat", "open"},
    "EACCES": NAMING,
    "EROFS": NAMING | WRITING,
    "EDQUOT": WRITING | {"openat", "mkdir", "rename"},
    "EMFILE": frozenset({"openat", "open"}),
    "ENFILE": frozenset({"openat", "open"}),
    "ENOLCK": SYNCING,
}


def refusable(moments: list[Moment], error: str) -> list[Moment]:
    """Those that a system can refuse in this way."""
    return [moment for moment in moments if moment.call in REFUSALS[error]]


def test_some_system_calls_are_refused(nursery: Nursery, tmp_path: Path) -> None:
    """Interrupted, forbidden, over quota or out of descriptors: what is offered is kept."""
    stage = Stage(OFFERED, nursery, tmp_path)
    moments = moments_of(stage)
    for place, error in enumerate(REFUSALS):
        chosen = refusable(moments, error)
        assert chosen, f"nothing to refuse with {error}"
        fail_at(chosen[(place * 5 + 3) % len(chosen)], error, stage)


@pytest.mark.torture
@pytest.mark.parametrize("error", REFUSALS)
def test_every_system_call_is_refused(error: str, nursery: Nursery, tmp_path: Path) -> None:
    """Whichever call is refused, in whatever way, nothing is lost, doubled or half done."""
    stage = Stage(OFFERED, nursery, tmp_path)
    for moment in refusable(moments_of(stage), error):
        fail_at(moment, error, stage)
