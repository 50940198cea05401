"""`python -m tests.soak`: weeks of traffic in minutes, and what they did to memory and times."""

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "fake_cliproxy")]


def main() -> int:
    """Soak on the disk of the current directory: /tmp may live in memory."""
    from soak_run import Plan, Soak  # noqa: PLC0415 - found by the path made above

    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--requests", type=int, default=3_000_000)
    options.add_argument("--days", type=int, default=90)
    options.add_argument("--samples", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".soak-") as folder:
        (Path(folder) / ".gitignore").write_text("*\n")
        soak = Soak(
            Path(folder),
            Plan(chosen.requests, chosen.days, chosen.samples, chosen.seed),
            lambda line: print(line, file=sys.stderr, flush=True),  # noqa: T201 - how far it is
        )
        outcome = soak.run()
    print(outcome.told())  # noqa: T201 - that is what it is for
    return 1 if outcome.wrong or outcome.grown else 0


if __name__ == "__main__":
    sys.exit(main())
