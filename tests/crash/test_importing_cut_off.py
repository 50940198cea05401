"""`proxypal import` killed anywhere: a file is in as a whole or not at all, and then once."""

import time
from pathlib import Path

import pytest

from collector_files import Call, counted, keeper_database, truth_of, usage_export
from proxypal import Store
from running import proxypal, start

CALLS = [
    Call(
        at_ms=number * 997,
        tokens_in=number,
        failed=number % 9 == 0,
        request_id=f"{number:08x}",
    )
    for number in range(4_000)
]
TRUTH = truth_of(CALLS)
NOTHING = dict.fromkeys(TRUTH, 0)
PART = truth_of(CALLS[:2_500])


def _counted(home: Path) -> dict[str, int]:
    with Store(home / "data") as store:
        return counted(store)


@pytest.mark.parametrize("moments", [12, pytest.param(60, marks=pytest.mark.torture)])
def test_a_killed_import_resumes(tmp_path: Path, moments: int) -> None:
    """SIGKILL at any moment leaves all of a file or nothing; running it again completes it."""
    Store(tmp_path / "data", zone="UTC").close()
    files = [
        usage_export(tmp_path / "first.json", CALLS[:2_500]),
        keeper_database(tmp_path / "second.db", CALLS),
    ]
    arguments = ["import", *(str(path) for path in files)]
    began_s = time.perf_counter()
    assert proxypal(tmp_path, *arguments, "--dry-run").code == 0
    whole_s = time.perf_counter() - began_s
    seen = []
    for moment in range(moments):
        process = start(tmp_path, *arguments)
        time.sleep(whole_s * 1.3 * (moment + 1) / moments)  # where it is then, is the point
        process.kill()
        process.communicate(timeout=60)
        seen.append(_counted(tmp_path))
        assert seen[-1] in (NOTHING, PART, TRUTH)
    assert [one["requests"] for one in seen] == sorted(one["requests"] for one in seen)
    assert NOTHING in seen
    assert proxypal(tmp_path, *arguments).code == 0
    assert _counted(tmp_path) == TRUTH
    again = proxypal(tmp_path, *arguments, "--json").json()
    assert [(one["outcome"], one["known"]) for one in again] == [("known", 2_500), ("known", 4_000)]
