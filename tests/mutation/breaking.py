"""Breaks the join rule and the store on purpose, one small change at a time: does a test notice?

    python tests/mutation/breaking.py [MODULE...] [--sample N] [--seed TEXT]

`mutmut` makes and runs the changes, on a copy of the tree; `mutation.toml` beside this file names
for each module the tests that answer for it first, the tests of the store's surface that answer
for what those let pass, and the changes no test can notice, each with the reason. Exit 1 if any
other change survives. A module with many mutants can be sampled, by seed.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from broken_tree import BrokenTree
from mutants import Mutant

PLAN = Path(__file__).parent / "mutation.toml"

Tried = dict[str, Mutant]
"""Mutants by name, with what came of each."""


class Explained(msgspec.Struct):
    """A change that no test can notice, and why."""

    module: str
    function: str
    change: str
    why: str


class Module(msgspec.Struct):
    """A module and the test files that mirror it."""

    path: str
    tests: list[str]


class Plan(msgspec.Struct):
    """The whole of `mutation.toml`."""

    surface: list[str]
    module: list[Module]
    explained: list[Explained] = []


def mirrored(module: Module, sample: int, seed: str) -> Tried:
    """Break one module before the tests that mirror it."""
    with tempfile.TemporaryDirectory(prefix="proxypal-mutation-") as folder:
        tree = BrokenTree(Path(folder), [module.path], module.tests)
        tree.generate()
        names = sorted(one.name for one in tree.mutants(module.path) if not one.is_idle)
        if 0 < sample < len(names):
            names = random.Random(f"{seed} {module.path}").sample(names, sample)
        said = tree.run(*names, is_fast=True)
        tried = {one.name: one for one in tree.mutants(module.path) if one.name in names}
        if any(one.code is None for one in tried.values()):
            raise SystemExit(f"{module.path}: mutmut did not get to the end\n{said}")
        return tried


def at_the_surface(plan: Plan, tried: dict[str, Tried]) -> None:
    """Give what survived another try, before all the tests of the plan at once."""
    alive = [name for ones in tried.values() for name, one in ones.items() if not one.is_killed]
    if not alive:
        return
    tests = {
        *plan.surface,
        *(test for one in plan.module if one.path in tried for test in one.tests),
    }
    with tempfile.TemporaryDirectory(prefix="proxypal-mutation-") as folder:
        tree = BrokenTree(Path(folder), list(tried), sorted(tests))
        tree.generate()
        tree.run(*alive, is_fast=False)
        for path, ones in tried.items():
            again = {one.name: one for one in tree.mutants(path)}
            ones |= {name: again[name] for name in alive if name in ones}


def report(path: str, tried: Tried, explained: Sequence[Explained]) -> int:
    """Print what came of a module's mutants; how many survived unexplained."""
    reasons = {(one.function, one.change): one.why for one in explained if one.module == path}
    alive = [one for one in tried.values() if not one.is_killed]
    known = [one for one in alive if (one.function, one.change) in reasons]
    say = sys.stdout.write
    say(
        f"{path}: {len(tried)} mutants, {len(tried) - len(alive)} killed, "
        f"{len(alive)} survived, {len(known)} of them explained\n"
    )
    for one in known:
        say(f"  explained {one.function}: {one.change}\n    {reasons[one.function, one.change]}\n")
    for one in alive:
        if one not in known:
            say(f"  SURVIVED {one.function}: {one.change}\n")
    sys.stdout.flush()
    return len(alive) - len(known)


def main() -> None:
    """Check the modules named, or all of the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as store/totals.py; none: all of the plan")
    parser.add_argument("--sample", type=int, default=0, help="mutants a module at most; 0: all")
    parser.add_argument("--seed", default="1")
    wanted = parser.parse_args()
    plan = msgspec.toml.decode(PLAN.read_bytes(), type=Plan)
    tried: dict[str, Tried] = {}
    for module in plan.module:
        if not wanted.modules or module.path in wanted.modules:
            tried[module.path] = mirrored(module, wanted.sample, wanted.seed)
            dead = sum(one.is_killed for one in tried[module.path].values())
            sys.stderr.write(f"{module.path}: {dead} of {len(tried[module.path])} killed\n")
    at_the_surface(plan, tried)
    survived = sum(report(path, ones, plan.explained) for path, ones in tried.items())
    raise SystemExit(1 if survived else 0)


if __name__ == "__main__":
    main()
