"""`docs/benchmarks.md` out of what was measured. The texts stand beside each measurement."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.machine import machine
from benchmarks.table import COLUMNS, About, Row

_HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Every figure was taken in one run, {date}, on one machine:

{machine}

Figures are medians with the middle half of the values behind them, where there are enough; p50
and p99 are of single calls. A ratio compares each round with its rival's in the same run, so
that a noisy machine is noisy to both; above 1 × ProxyPal is better, but where it says otherwise.
What a table does not say of a rival was not measured. Files are on the disk of the working copy.
Nothing is left out because it looks bad: where we lose, the reason stands below the table.
"""


def report(measured: Sequence[tuple[About, Sequence[Row]]]) -> str:
    """The whole page."""
    date = datetime.now(UTC).date().isoformat()
    lines = "\n".join(f"- {line}" for line in machine())
    parts = [_HEAD.format(date=date, machine=lines)]
    parts += [_section(about, rows) for about, rows in measured]
    return "\n".join(parts)


def _section(about: About, rows: Sequence[Row]) -> str:
    used = [place for place, _ in enumerate(COLUMNS) if any(row[place] for row in rows)]
    lines = [
        f"## {about.title}",
        "",
        about.how,
        "",
        _line([COLUMNS[place] for place in used]),
        _line(["---"] * len(used)),
        *(_line([_cell(row[place]) for place in used]) for row in rows),
        "",
    ]
    notes = [f"- {row.named}: {row.note}" for row in rows if row.note]
    if notes:
        lines += ["Where we lose or miss an aim, or the rival does less:", "", *notes, ""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text
