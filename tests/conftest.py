"""Puts `tests/` and the fake proxy on the path: `from builders import ...`, `from fake_proxy ...`.

A test that this machine cannot run says why in the last lines, not only in a letter; tests that
count what they tried (`record_property("states after …", 12)`) say there how many that was.
"""

import itertools
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

sys.path[:0] = [str(HERE), str(HERE / "fake_cliproxy")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)]
    for reason in sorted(set(reasons)):
        terminalreporter.write_line(f"{reasons.count(reason)} tests: {reason}", yellow=True)
    told: Counter[str] = Counter()
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if getattr(report, "when", "") == "call":
            told.update(dict(report.user_properties))
    for what, count in told.items():
        terminalreporter.write_line(f"{count:,} {what}")
