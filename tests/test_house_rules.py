"""How the files of the project are written: short, named for what they hold, each explained."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"

LONG_FILES = {
    "tests/records/test_legacy.py": "the expected result of every sample, number by number",
}
LINES_AT_MOST = 350

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "tools"}


@cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: path.name)
def test_every_test_says_what_it_promises(path: Path) -> None:
    """The tests read as a list of promises; none is without its sentence."""
    silent = [
        node.name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_file_names_of_tests_are_unique() -> None:
    """Test folders are no packages, so two files of one name would hide each other."""
    names = [path.name for path in TESTS.rglob("*.py") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))


def python_files() -> list[Path]:
    """Everything of ours that is Python."""
    return [
        path
        for folder in ("src", "tests", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def test_no_file_is_a_drawer() -> None:
    """A file's name says what is in it."""
    found = [
        path.name
        for path in python_files()
        if FORBIDDEN_NAMES & {path.stem, *path.stem.split("_")}
        or path.parent.name in FORBIDDEN_NAMES
    ]
    assert found == []


def test_no_file_is_too_long_to_read() -> None:
    """A file can be read at a sitting; the exceptions say why they are long."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in python_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES_AT_MOST
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_FILES} == {}
    assert long.keys() >= LONG_FILES.keys(), "an exception that is not needed any more"


def test_every_module_says_what_it_is() -> None:
    """Each file of the program begins with what it is for."""
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "src").rglob("*.py"))
        if not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


SUPPRESSION = re.compile(r"# (?:noqa: [A-Z0-9, ]+ - |type: ignore\[[a-z, -]+\]  # )\S+ \S+")


def test_every_suppression_has_a_reason() -> None:
    """Where a check is switched off, the line says why."""
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# (noqa|type: ignore)", line) and not SUPPRESSION.search(line)
    ]
    assert bare == []
