"""The documentation names what exists, all of it, and nothing that does not."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from proxypal.cli import COMMANDS, program
from proxypal.records import endpoints
from proxypal.records.aggregate import (
    Aggregate,
    ModelStats,
    ModelUsage,
    ProviderUsage,
    RequestHistory,
    Undated,
    UsageStats,
)
from proxypal.records.detection import PROVIDER_ALIASES
from proxypal.records.request import RequestLog
from proxypal.sources.log_identity import LogPosition
from proxypal.store.publication import Published, PublishedPosition, UndoEntry
from proxypal.store.schema import upgrade
from proxypal.store.values import StoreSettings

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FORMAT = (ROOT / "docs" / "how-it-works.md").read_text("utf-8")
COVERAGE = (ROOT / "docs" / "design-coverage.md").read_text("utf-8")

_CODE = re.compile(r"`([^`\n]+)`")
_TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
_MODULE = re.compile(r"`((?:charts|cli|records|service|sources|store|web)/[\w/]+\.py)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def section_of(heading: str) -> set[str]:
    """What stands as code in a section of the data format page, up to the next heading."""
    _, found, rest = FORMAT.partition(f"\n{heading}\n")
    assert found, heading
    return set(_CODE.findall(re.split(r"\n##+ ", rest)[0]))


@pytest.mark.parametrize(
    ("heading", "structs"),
    [
        ("### `history.json`", [RequestHistory]),
        ("### A request", [RequestLog]),
        ("### `aggregate.json`", [Aggregate, ModelStats, Undated]),
        ("### `published`", [Published, PublishedPosition, UndoEntry, StoreSettings]),
        (
            "### `get_usage_stats()` and `stats --json`",
            [UsageStats, ModelUsage, ProviderUsage],
        ),
        ("### Log position", [LogPosition]),
    ],
)
def test_every_field_of_a_file_is_described(
    heading: str, structs: list[type[msgspec.Struct]]
) -> None:
    """No key of our files or answers is left unexplained in its own section."""
    named = section_of(heading)
    fields = {field.encode_name for kind in structs for field in msgspec.structs.fields(kind)}
    assert fields - {"extras"} <= named


def test_every_table_and_column_is_described() -> None:
    """No table or column of the database is left unexplained."""
    named = section_of("### The database")
    connection = sqlite3.connect(":memory:")
    upgrade(connection)
    tables = [row[0] for row in connection.execute("SELECT name FROM pragma_table_list")]
    ours = [name for name in tables if not name.startswith("sqlite_")]
    assert ours
    for table in ours:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        assert {table, *columns} <= named, table


def test_the_rules_name_every_path_and_provider() -> None:
    """The tables of the rules are those of the code."""
    paths = endpoints._POST_PATHS | endpoints._SOCKET_PATHS | endpoints._REALTIME_HELPERS
    assert paths <= section_of("### What counts as a request")
    names = {name for key, aliases in PROVIDER_ALIASES.items() for name in (key, *aliases)}
    assert names <= section_of("### Provider keys")


def _all_commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    context = click.Context(program)
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        inner = command.commands if isinstance(command, click.Group) else {"": command}
        found |= {f"{name} {inside}".strip(): deeper for inside, deeper in inner.items()}
    return found


@pytest.mark.parametrize(("name", "command"), _all_commands().items())
def test_every_command_and_option_is_in_the_manual(name: str, command: click.Command) -> None:
    """Each command has its own section, with each of its options and choices."""
    manual = (ROOT / "docs" / "commands.md").read_text("utf-8")
    common, *sections = manual.split("\n## ")
    own = [text for text in sections if re.match(rf"`proxypal {name}[ `]", text)]
    assert len(own) == 1, name
    for parameter in command.params:
        text = common if "--data-dir" in parameter.opts else own[0]
        if isinstance(parameter, click.Option):
            assert all(re.search(rf"`{option}[ `]", text) for option in parameter.opts)
        if isinstance(parameter.type, click.Choice):
            assert all(choice in text for choice in parameter.type.choices)


def test_the_manual_has_no_command_or_option_that_does_not_exist() -> None:
    """What the manual and the README show can be typed."""
    commands = _all_commands()
    known = {option for one in commands.values() for p in one.params for option in p.opts}
    known |= {option for p in program.params for option in p.opts} | {"--help", "-h"}
    for document in (ROOT / "README.md", ROOT / "docs" / "commands.md"):
        text = document.read_text("utf-8")
        shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
        assert shown <= known, document.name
        called = set(re.findall(r"(?:`|\$ )proxypal ([a-z]+)", text))
        assert called <= set(COMMANDS), document.name


def _definitions(path: Path) -> set[str]:
    return set(re.findall(r"^(?:    )?(?:def|class) (\w+)", path.read_text("utf-8"), re.MULTILINE))


def test_every_test_named_as_a_proof_exists() -> None:
    """A test that the coverage of the design points to is there under that name."""
    named = _TEST.findall(COVERAGE)
    assert named
    for file, function in named:
        path = ROOT / file
        assert path.is_file(), file
        assert not function or function in _definitions(path), f"{file}::{function}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_modules_and_links_lead_somewhere(document: Path) -> None:
    """Every module and every local link of a document exists, headings included."""
    text = document.read_text("utf-8")
    for module in _MODULE.findall(text):
        assert (ROOT / "src" / "proxypal" / module).is_file(), module
    for link in _LINK.findall(text):
        if not link.startswith("http"):
            file, _, heading = link.partition("#")
            target = (document.parent / file) if file else document
            assert target.exists(), link
            assert not heading or heading in _anchors(target), link


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readmes_python_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The five lines of Python in the README do what they say."""
    monkeypatch.setenv("PROXYPAL_HOME", str(tmp_path))
    code = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    printed: list[tuple[Any, ...]] = []
    exec(code[0], {"print": lambda *values: printed.append(values)})
    assert printed == [(1, 900)]
