"""The rules of the architecture, read from the sources themselves."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "proxypal"
TESTS = ROOT / "tests"

MODULES = {
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
}

LAYERS = {
    "proxypal.errors": {"proxypal.errors"},
    "proxypal.data_directory": {"proxypal.data_directory"},
    "proxypal.records": {"proxypal.records", "proxypal.errors"},
    "proxypal.clock": {"proxypal.records.labels", "proxypal.errors"},
    "proxypal.store": {
        "proxypal.store",
        "proxypal.records",
        "proxypal.errors",
        "proxypal.clock",
        "proxypal.data_directory",
    },
    "proxypal.sources": {
        "proxypal.sources",
        "proxypal.records",
        "proxypal.errors",
        "proxypal.clock",
        "proxypal.store.protocol",
        "proxypal.store.values",
    },
    "proxypal.service": {
        "proxypal.service",
        "proxypal.sources",
        "proxypal.store:Store",
        "proxypal.store:RequestStore",
        "proxypal.store.protocol",
        "proxypal.store.values",
        "proxypal.records",
        "proxypal.errors",
        "proxypal.clock",
        "proxypal.data_directory",
    },
    "proxypal.charts": {"proxypal.charts", "proxypal.records"},
    "proxypal.web": {
        "proxypal.web",
        "proxypal.charts",
        "proxypal.service",
        "proxypal.store:Store",
        "proxypal.store:RequestStore",
        "proxypal.store.protocol",
        "proxypal.store.values",
        "proxypal.records",
        "proxypal.errors",
        "proxypal.clock",
        "proxypal.data_directory",
        "proxypal:__version__",
    },
    "proxypal.cli": {
        "proxypal.cli",
        "proxypal.web",
        "proxypal.service",
        "proxypal.store:Store",
        "proxypal.store:RequestStore",
        "proxypal.store.protocol",
        "proxypal.store.values",
        "proxypal.records",
        "proxypal.errors",
        "proxypal.clock",
        "proxypal.data_directory",
        "proxypal:__version__",
    },
}
"""What each part may import: a package with all in it, a module, or `module:name`."""

WITHOUT_A_TEST_OF_THEIR_NAME = {
    "proxypal.__main__": "cli/test_program.py starts it",
    "proxypal.cli.confirming": "cli/test_command_clear.py answers yes, no and nothing",
    "proxypal.cli.exits": "cli/test_program.py provokes each exit code",
    "proxypal.cli.opening": "cli/test_program.py and every command open a store with it",
    "proxypal.cli.options": "cli/test_program.py gives the options in every place",
    "proxypal.cli.output": "cli/test_program.py reads what it prints",
    "proxypal.cli.rendering_budgets": "cli/test_command_budget.py reads what it draws",
    "proxypal.cli.rendering_console": "cli/test_command_stats.py reads what it draws",
    "proxypal.cli.rendering_crossing": "cli/test_rendering_answer.py draws it",
    "proxypal.cli.rendering_heatmap": "cli/test_rendering_answer.py draws it",
    "proxypal.cli.rendering_listing": "cli/test_rendering_answer.py draws it",
    "proxypal.cli.rendering_section": "cli/test_rendering_answer.py makes them",
    "proxypal.records.repriced": "values only; records/test_repricing_plan.py makes them",
    "proxypal.cli.rendering_prices": "cli/test_command_prices.py reads what it draws",
    "proxypal.cli.rendering_progress": "cli/test_command_watch.py reads what it draws",
    "proxypal.cli.rendering_requests": "cli/test_command_history.py reads what it draws",
    "proxypal.cli.rendering_stats": "cli/test_command_stats.py reads what it draws",
    "proxypal.cli.rendering_watch": "cli/test_command_watch.py reads what it draws",
    "proxypal.cli.commands.completion": "cli/test_program.py asks for it",
    "proxypal.cli.commands.import_files": "cli/test_command_import.py",
    "proxypal.cli.commands.reset": "cli/test_command_clear.py does both",
    "proxypal.cli.commands.restore": "cli/test_command_clear.py undoes both",
    "proxypal.store.values": "values only; store/test_protocol.py gives and takes them",
    "proxypal.records.foreign_rows": "values only; records/test_usage_export.py makes them",
    "proxypal.records.imported": "values only; records/test_legacy.py makes them",
    "proxypal.service.import_attempts": "service/test_importing_collectors.py",
    "proxypal.service.import_day_totals": "service/test_importing_day_totals.py",
    "proxypal.service.import_files": "service/test_importing.py",
    "proxypal.service.import_foreign": "service/test_importing_collectors.py",
    "proxypal.service.import_log": "service/test_importing.py",
    "proxypal.service.import_preview": "service/test_importing_reports.py",
    "proxypal.service.import_pricing": "service/test_importing_reports.py",
    "proxypal.service.import_readers": "service/test_importing_collectors.py",
    "proxypal.service.import_report": "service/test_importing_reports.py",
    "proxypal.service.import_rows": "service/test_importing_rows.py",
    "proxypal.service.log_following": "service/test_watching.py",
    "proxypal.service.threaded_following": "service/test_queue_following.py and its like",
    "proxypal.service.watch_events": "values only; service/test_watching.py receives them",
    "proxypal.sources.log_chunks": "sources/test_log_reader.py",
    "proxypal.sources.log_entries": "values only; sources/test_log_line.py makes them",
    "proxypal.sources.log_file_reading": "sources/test_log_reader.py",
    "proxypal.store.answering": "store/test_reading.py asks everything",
    "proxypal.store.examining": "store/test_recovery.py looks at all that can lie there",
    "proxypal.store.forking": "damage/test_damage_while_open.py forks",
    "proxypal.store.publishing": "store/test_engine.py and damage/test_damage_while_open.py",
    "proxypal.store.recording": "store/test_store_recording.py, for the service has one too",
    "proxypal.web.services": "values only; web/test_app.py makes them",
    "proxypal.web.endpoints": "values only; web/test_app.py serves them",
    "proxypal.store.succession": "damage/test_damage_while_open.py",
}


class Import(NamedTuple):
    """One imported module of ours, the names taken from it, and the line."""

    module: str
    names: tuple[str, ...]
    line: int
    for_types_only: bool


@cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports_of(path: Path) -> Iterator[Import]:
    """Every import of a module of ours, wherever it stands."""
    tree = tree_of(path)
    typing_only = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "proxypal":
                    yield Import(alias.name, (), node.lineno, node in typing_only)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "proxypal":
            assert node.level == 0
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                if module in MODULES:
                    yield Import(module, (), node.lineno, node in typing_only)
                else:
                    yield Import(str(node.module), (alias.name,), node.lineno, node in typing_only)


def layer_of(module: str) -> str | None:
    """The part of the program that a module belongs to."""
    return next((name for name in LAYERS if module == name or module.startswith(f"{name}.")), None)


def is_allowed(found: Import, allowed: set[str]) -> bool:
    """Whether an import is among the allowed ones."""
    if any(found.module == one or found.module.startswith(f"{one}.") for one in allowed):
        return True
    return bool(found.names) and all(f"{found.module}:{name}" in allowed for name in found.names)


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    """Records know nobody, the store knows no source, no surface knows the store's inside."""
    layer = layer_of(module)
    if layer is None:
        assert module in {"proxypal", "proxypal.__main__"}
        return
    path = MODULES[module]
    wrong = [
        f"{path.relative_to(ROOT)}:{found.line} imports {found.module} {' '.join(found.names)}"
        for found in imports_of(path)
        if not is_allowed(found, LAYERS[layer])
    ]
    assert wrong == []


def test_there_are_no_cycles() -> None:
    """Every module can be understood with only those below it in mind."""
    below = {
        module: {
            found.module
            for found in imports_of(path)
            if not found.for_types_only and found.module not in {module, "proxypal"}
        }
        for module, path in MODULES.items()
        if module != "proxypal"
    }
    # A package's front page names what is inside; that is no dependency of what is inside.
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join([*way[way.index(module) :], module])
        if module in done:
            return
        for other in below.get(module, ()):
            visit(other, (*way, module))
        done.add(module)

    for module in below:
        visit(module, ())


def calls_in(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a dotted name, and the call."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield ast.unparse(node.func), node


CLOCKS = {
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "date.today",
    "datetime.date.today",
}


@pytest.mark.parametrize("module", MODULES)
def test_only_one_module_reads_the_clock(module: str) -> None:
    """What time it is comes from clock.py or from an argument, so that tests can set it."""
    found = {
        name
        for name, call in calls_in(MODULES[module])
        if name in CLOCKS
        or (
            (name in {"time.localtime", "time.gmtime", "time.ctime", "time.strftime"})
            and not call.args[1 if name == "time.strftime" else 0 :]
        )
    }
    assert module == "proxypal.clock" or not found
    names = {
        alias.name
        for node in ast.walk(tree_of(MODULES[module]))
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    }
    assert not names & {"time", "time_ns", "localtime", "gmtime"}


@pytest.mark.parametrize("module", MODULES)
def test_only_one_module_replaces_files(module: str) -> None:
    """Syncing and renaming, where a mistake loses data, stand in store/durable_files.py alone."""
    found = [
        f"{name} in line {call.lineno}"
        for name, call in calls_in(MODULES[module])
        if name in {"os.replace", "os.rename", "os.fsync", "os.fdatasync", "shutil.move"}
        or name.endswith(".rename")
        or (name.endswith(".replace") and len(call.args) == 1 and not call.keywords)
    ]
    assert module == "proxypal.store.durable_files" or not found


@pytest.mark.parametrize("module", MODULES)
def test_only_the_store_knows_sqlite(module: str) -> None:
    """Another store can take its place without a change anywhere else.

    One source reads databases of other programs; it never opens ours.
    """
    imported = {
        alias.name
        for node in ast.walk(tree_of(MODULES[module]))
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        str(node.module)
        for node in ast.walk(tree_of(MODULES[module]))
        if isinstance(node, ast.ImportFrom)
    }
    reads_others = module == "proxypal.sources.keeper_database"
    assert "sqlite3" not in imported or module.startswith("proxypal.store.") or reads_others


def test_every_module_has_its_tests() -> None:
    """The tests mirror the sources; the exceptions name the test that proves them."""
    names = {path.name for path in TESTS.rglob("test_*.py")}
    missing = []
    for module, path in MODULES.items():
        if path.name == "__init__.py" or module in WITHOUT_A_TEST_OF_THEIR_NAME:
            continue
        prefix = "test_command_" if path.parent.name == "commands" else "test_"
        if f"{prefix}{path.name}" not in names:
            missing.append(module)
    assert missing == []


@pytest.mark.parametrize("module", WITHOUT_A_TEST_OF_THEIR_NAME)
def test_exceptions_are_no_excuse(module: str) -> None:
    """A module without a test of its name exists, and so does the test that is named instead."""
    reason = WITHOUT_A_TEST_OF_THEIR_NAME[module]
    assert module in MODULES
    named = [word.strip(",;") for word in reason.split() if word.strip(",;").endswith(".py")]
    assert named
    for name in named:
        assert (TESTS / name).is_file(), f"{module}: {name}"
