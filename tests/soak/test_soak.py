"""Weeks of traffic in a moment: every total is exact, and memory stays where it was."""

from pathlib import Path

from soak_figures import MB
from soak_run import Plan, Soak


def test_a_short_soak(tmp_path: Path) -> None:
    """Six thousand requests of a day through log and queue into a server that is read meanwhile."""
    outcome = Soak(tmp_path, Plan(6_000, days=1, samples=4), lambda _: None).run()
    assert outcome.wrong == []
    assert outcome.samples[-1].requests >= 6_000
    assert max(one.memory for one in outcome.samples) < 250 * MB
