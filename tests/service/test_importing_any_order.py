"""Slices of one truth in any order, undone and imported again, by several at once: the truth."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector_files import COLLECTORS, Call, counted, import_all, truth_of
from programs import HERE, python_path
from proxypal import Store
from running import run_together

calls = st.lists(
    st.builds(
        Call,
        # Few moments, so that many are in one millisecond; over several days.
        at_ms=st.integers(0, 40).map(lambda step: step * 7_200_000 + step % 3),
        model=st.sampled_from(["gpt-5", "gpt-5-mini", "o3"]),
        key=st.sampled_from(["sk-team-aaaa-0123456789", "sk-team-bbbb-0123456789"]),
        tokens_in=st.integers(0, 10**6),
        tokens_out=st.integers(0, 10**6),
        failed=st.booleans(),
    ),
    min_size=1,
    max_size=30,
).map(lambda found: sorted(found, key=lambda call: call.at_ms))

cuts = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted)
steps = st.lists(
    st.tuples(st.sampled_from(["import", "import", "undo"]), st.integers(0, 4)), max_size=12
)


def slice_of(truth: Sequence[Call], cut: Sequence[int]) -> list[Call]:
    """What happened from one moment to another: whole milliseconds."""
    first, last = cut
    return [call for call in truth if first * 7_200_000 <= call.at_ms <= last * 7_200_000 + 3]


@settings(max_examples=60)
@given(
    truth=calls,
    slices=st.lists(cuts, min_size=1, max_size=4),
    kinds=st.lists(st.sampled_from(["usage-export", "plus", "keeper"]), min_size=5, max_size=5),
    plan=steps,
    order=st.permutations(range(5)),
)
def test_any_slices_in_any_order_end_with_the_truth(
    truth: list[Call],
    slices: list[list[int]],
    kinds: list[str],
    plan: list[tuple[str, int]],
    order: list[int],
) -> None:
    """Overlapping files of several collectors, undone and imported again, sum up to the calls."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "data", zone="UTC") as store:
        parts = [*(slice_of(truth, cut) for cut in slices), truth]
        files = [
            COLLECTORS[kind](Path(folder) / f"{number}", part)
            for number, (part, kind) in enumerate(zip(parts, kinds, strict=False))
        ]
        backups: list[str] = []
        for act, number in [*plan, *(("import", number) for number in order)]:
            if act == "undo":
                if backups:
                    store.restore(backups.pop(number % len(backups)))
            elif number < len(files):
                (report,) = import_all(store, files[number])
                if report.outcome == "imported":
                    backups.append(str(report.backup))
        assert counted(store) == truth_of(truth)
        for backup in backups:
            store.restore(backup)
        assert not any(counted(store).values())


_IMPORT = """
import sys
from pathlib import Path
from proxypal import Store
from collector_files import import_all
with Store(Path(sys.argv[1]), zone="UTC") as store:
    sys.stdin.readline()
    for path in sys.argv[2:]:
        (report,) = import_all(store, Path(path))
        assert report.outcome in {"imported", "known"}, report
"""


@pytest.mark.parametrize("kind", ["usage-export", "queue"])
def test_processes_that_import_at_once_count_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several processes with overlapping files at the same instant: each request once."""
    monkeypatch.setenv("PYTHONPATH", python_path(HERE))
    truth = [
        Call(at_ms=number * 1_000, tokens_in=number, request_id=f"{number:08x}")
        for number in range(3_000)
    ]
    files = [
        COLLECTORS[kind](tmp_path / f"{number}", truth[number * 500 : number * 500 + 1_500])
        for number in range(4)
    ]
    data = tmp_path / "data"
    Store(data, zone="UTC").close()
    orders = [files, files[::-1], files[1:], files[:2]]
    run_together(_IMPORT, [[str(data), *map(str, order)] for order in orders])
    with Store(data, zone="UTC") as store:
        assert counted(store) == truth_of(truth)
