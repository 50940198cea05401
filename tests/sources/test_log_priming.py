from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import access_line, entry_line, log_of, model_line
from proxypal.records.labels import zone_offset
from proxypal.sources.log_files import OpenLog
from proxypal.sources.log_priming import (
    PRIMING_BYTES,
    Interpretation,
    from_a_line_start,
    stretch_before,
)

FOLD_S = 1_793_512_800
"""2026-11-01 01:00:00 in New York for the second time; the hour before was shown already."""


@pytest.mark.parametrize("is_second_pass", [False, True])
def test_reading_on_in_the_repeated_hour_keeps_its_place(*, is_second_pass: bool) -> None:
    """D15: started anew in the hour that is repeated, the pass goes on that the log is in."""
    interpretation = Interpretation(zone_offset(ZoneInfo("America/New_York")))
    told = log_of(access_line(stamp="2026-11-01 01:10:00"))
    begins_s = FOLD_S if is_second_pass else FOLD_S - 3600
    interpretation.prime(told, (begins_s + 600) * 1000)
    (request,) = interpretation.feed(log_of(access_line(stamp="2026-11-01 01:20:00"))).requests
    assert request.timestamp == (begins_s + 1200) * 1000


def test_priming_counts_nothing() -> None:
    """The stretch before the offset gives models, never requests."""
    interpretation = Interpretation(zone_offset(ZoneInfo("UTC")))
    interpretation.prime(log_of(access_line(), model_line("gpt-5", request_id="0000abcd")))
    (request,) = interpretation.feed(log_of(access_line(request_id="0000abcd"))).requests
    assert request.model == "gpt-5"


def test_the_stretch_is_whole_lines_and_bounded(tmp_path: Path) -> None:
    """About a mebibyte is read again, from the start of a line to the offset."""
    path = tmp_path / "main.log"
    lines = [b"line %07d\n" % number for number in range(200_000)]
    path.write_bytes(b"".join(lines))
    offset = 150_000 * len(lines[0])
    with OpenLog(path) as log:
        stretch = stretch_before(log, offset, None)
    assert stretch.endswith(lines[149_999])
    assert stretch.splitlines(keepends=True)[0] in lines
    assert PRIMING_BYTES - 20 < len(stretch) <= PRIMING_BYTES


def test_the_stretch_reaches_into_the_file_before(tmp_path: Path) -> None:
    """Just after a rotation, the last lines of the rotated file stand before the new one's."""
    before, path = tmp_path / "before", tmp_path / "main.log"
    before.write_bytes(b"1\n2\nhalf")
    path.write_bytes(b"3\n4\n")
    with OpenLog(path) as log:
        assert stretch_before(log, 2, before) == b"1\n2\n3\n"
        assert stretch_before(log, 0, tmp_path / "gone") == b""


@pytest.mark.parametrize(
    ("cut", "rest"), [(b"alf\nwhole\n", b"whole\n"), (b"alf", b""), (b"", b""), (b"\na\n", b"a\n")]
)
def test_a_broken_first_line_is_left_out(cut: bytes, rest: bytes) -> None:
    """What begins in mid-line begins with the next one."""
    assert from_a_line_start(cut) == rest


@given(st.lists(st.sampled_from("nr"), max_size=60), st.integers(1, 400))
def test_the_first_request_is_found_wherever_it_stands(kinds: list[str], length: int) -> None:
    """Between any noise the end of the first request is found, or that there is none."""
    lines = [entry_line("n" * length) if kind == "n" else access_line() for kind in kinds]
    found = Interpretation(zone_offset(ZoneInfo("UTC"))).end_of_first_request(log_of(*lines))
    first = kinds.index("r") + 1 if "r" in kinds else 0
    assert found == len(log_of(*lines[:first]))
