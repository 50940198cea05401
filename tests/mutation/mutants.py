"""What a mutant changed, read from the file `mutmut` generates. Must not enter: running it."""

import ast
import json
import re
from pathlib import Path

import msgspec

WORDS_AROUND = 40
"""Characters of a function shown on each side of what was changed."""

_GUARD = re.compile(r", strict=\w+")
_NUMBERED = re.compile(r"__mutmut_(?:orig|\d+)$")


class Mutant(msgspec.Struct):
    """One way of breaking a function, named by what is changed, so that it outlives renumbering."""

    name: str
    function: str
    change: str
    is_idle: bool
    """Only letters are of another case, or a guard against our own mistakes is gone."""

    code: int | None = None

    @property
    def is_killed(self) -> bool:
        """Whether a test failed, or ran for ever; 0 is all green, 33 is no test that gets there."""
        return self.code not in {0, 33, None}


def mutants_of(generated: Path) -> list[Mutant]:
    """Every mutant in a generated module and, as far as they ran, what came of each."""
    told = json.loads(Path(f"{generated}.meta").read_bytes())["exit_code_by_key"]
    texts = _functions_of(generated)
    found = []
    for name, code in told.items():
        function = name.rpartition(".")[2]
        before = texts[_NUMBERED.sub("__mutmut_orig", function)]
        after = texts[function]
        found.append(
            Mutant(
                name=name,
                function=_NUMBERED.sub("", function).removeprefix("x_").strip("xǁ"),
                change=change_between(before, after),
                is_idle=is_idle(before, after),
                code=code,
            )
        )
    return found


def _functions_of(generated: Path) -> dict[str, str]:
    texts = {}
    for node in ast.walk(ast.parse(generated.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _NUMBERED.search(node.name):
            name, node.name, node.decorator_list = node.name, "f", []
            texts[name] = " ".join(ast.unparse(node).split())
    return texts


def is_idle(before: str, after: str) -> bool:
    """Whether a change is not worth a try.

    A text in another case says what the same text with letters added says, which is tried too;
    and no caller of ours gives `zip` columns of unequal length.
    """
    old, new = (_GUARD.sub("", text).casefold() for text in (before, after))
    return old == new


def change_between(before: str, after: str) -> str:
    """What differs, as `around [-gone-] {+new+} around`, in whole words."""
    start = _shared(before, after)
    while start and (before[start - 1].isalnum() or before[start - 1] == "_"):
        start -= 1
    rest, new_rest = before[start:], after[start:]
    end = _shared(rest[::-1], new_rest[::-1])
    while end and (rest[-end].isalnum() or rest[-end] == "_"):
        end -= 1
    gone, new = rest[: len(rest) - end], new_rest[: len(new_rest) - end]
    tail = before[len(before) - end :] if end else ""
    head = before[:start]
    return f"{head[-WORDS_AROUND:]}[-{gone}-]{{+{new}+}}{tail[:WORDS_AROUND]}".strip()


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
