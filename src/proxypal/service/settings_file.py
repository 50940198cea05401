"""`settings.toml` of the data directory: prices, aliases, names and budgets of the user's own.

What is sound is used and what is not is said, so that a slip of the pen never stops recording.
Must not enter: what the settings are used for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from proxypal.records.cost import Rates
from proxypal.records.detection import canonical_provider

FILE_NAME = "settings.toml"
MOST_USD_PER_MILLION = Decimal(1_000_000)
"""A dollar a token: more is a mistake of the unit."""

_FINEST_PLACES = 12
_MOST_BYTES = 1 << 20
_SECTIONS = ("prices", "aliases", "names", "budget")
_NEEDED = ("input", "output")
_RATES = (*_NEEDED, "cache_read", "cache_write", "cache_write_1h")
_GLOB = frozenset("*?[")


class PriceOverride(msgspec.Struct, frozen=True):
    """A price of the user's: `name` is a model, `provider/model` or a glob of either."""

    name: str
    rates: Rates

    @property
    def spellings(self) -> tuple[str, ...]:
        """What it is compared as: `anthropic/x` also means what is recorded as `claude/x`."""
        name = self.name.lower()
        provider, slash, model = name.partition("/")
        return (name, f"{canonical_provider(provider)}/{model}") if slash and model else (name,)

    @property
    def is_glob(self) -> bool:
        """Whether it means several models."""
        return not _GLOB.isdisjoint(self.name)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says. Names of models are lower-cased; `problems` are sentences.

    `budget` is what stands under that name, whatever it is, None for nothing: `records.budget`
    reads it.
    """

    prices: tuple[PriceOverride, ...] = ()
    aliases: Mapping[str, str] = {}
    names: Mapping[str, str] = {}
    budget: object = None
    problems: tuple[str, ...] = ()

    def override(self, provider: str, model: str) -> PriceOverride | None:
        """The user's own price: an exact name goes before a glob, with provider before without."""
        model = model.lower()
        wanted = (f"{provider.lower()}/{model}", model)
        for name in wanted:
            for price in self.prices:
                if name in price.spellings:
                    return price
        return next((price for price in self.prices if _fits(price, wanted)), None)

    def shown_apart(self, labels: Iterable[str]) -> dict[str, str]:
        """What to show for the labels of keys and accounts that have a name.

        Only ever for showing. Where several have the same name, their labels stand beside it.
        """
        named = {label: self.names[label] for label in labels if label in self.names}
        uses = Counter(named.values())
        return {
            label: name if uses[name] == 1 else f"{name} ({label})" for label, name in named.items()
        }

    def shown_in(self, condition: str) -> str:
        """The text of a condition with names in place of labels."""
        for label, name in self.names.items():
            condition = condition.replace(label, name)
        return condition


def _fits(price: PriceOverride, wanted: tuple[str, str]) -> bool:
    if not price.is_glob:
        return False
    from fnmatch import fnmatchcase  # noqa: PLC0415 - most files have no glob

    return any(fnmatchcase(name, glob) for glob in price.spellings for name in wanted)


def read_settings(data_directory: Path) -> Settings:
    """The settings of a data directory; none if there is no file. Never raises.

    Every problem names the file, and what it says wrong is left out.
    """
    path = data_directory / FILE_NAME
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return Settings(problems=(f"{path} cannot be read: {error.strerror or error}.",))
    if len(data) > _MOST_BYTES:
        return Settings(problems=(f"{path} is larger than 1 MiB; it was not read.",))
    found = parse_settings(data)
    return msgspec.structs.replace(
        found, problems=tuple(f"{path}: {problem}" for problem in found.problems)
    )


def parse_settings(data: bytes) -> Settings:
    """What the bytes of a settings file say. Pure; never raises, whatever the bytes."""
    import tomllib  # noqa: PLC0415 - only where there is a file

    try:
        tree = tomllib.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ArithmeticError) as error:
        return Settings(problems=(f"it is not TOML, nothing of it is used: {error}.",))
    except (RecursionError, ValueError) as error:  # nested too deep; a number of 5,000 digits
        return Settings(problems=(f"it is not TOML we can read, nothing of it is used: {error}.",))
    problems: list[str] = []
    prices, aliases, names = (
        _table(tree, section, problems) for section in ("prices", "aliases", "names")
    )
    problems += [
        f"there is no section {section!r}; there are {', '.join(_SECTIONS)}."
        for section in tree
        if section not in _SECTIONS
    ]
    return Settings(
        prices=tuple(
            price for name, value in prices.items() if (price := _price(name, value, problems))
        ),
        aliases={name.lower(): text for name, text in _texts(aliases, "aliases", problems)},
        names=dict(_texts(names, "names", problems)),
        budget=tree.get("budget"),
        problems=tuple(problems),
    )


def _table(tree: Mapping[str, Any], section: str, problems: list[str]) -> Mapping[str, Any]:
    value = tree.get(section, {})
    if isinstance(value, dict):
        return value
    problems.append(f"{section} must be a section, [{section}]; it is left out.")
    return {}


def _texts(table: Mapping[str, Any], section: str, problems: list[str]) -> list[tuple[str, str]]:
    found = []
    for name, value in table.items():
        if isinstance(value, str) and value.strip():
            found.append((name, value.strip()))
        else:
            problems.append(f'{section}."{name}" must be text in quotes; it is left out.')
    return found


def _price(name: str, value: object, problems: list[str]) -> PriceOverride | None:
    where = f'prices."{name}"'
    if not isinstance(value, dict):
        problems.append(f"{where} must be a section with input and output; it is left out.")
        return None
    wrong = [_wrong_rate(key, rate) for key, rate in value.items()]
    wrong += [f"{key} is missing" for key in _NEEDED if key not in value]
    told = [reason for reason in wrong if reason]
    if told:
        problems.append(f"{where} is left out: {'; '.join(told)}.")
        return None
    given = {key: Decimal(rate) for key, rate in value.items()}
    cache_write = given.get("cache_write", given["input"])
    rates = Rates(
        uncached_input=given["input"],
        cache_read=given.get("cache_read", given["input"]),
        cache_write=cache_write,
        cache_write_1h=given.get("cache_write_1h", cache_write),
        output=given["output"],
        reasoning=given["output"],
    )
    return PriceOverride(name, rates)


def _wrong_rate(key: str, rate: object) -> str | None:
    if key not in _RATES:
        return f"{key} is none of {', '.join(_RATES)}"
    if isinstance(rate, bool) or not isinstance(rate, int | Decimal):
        return f"{key} must be a number, US dollars per million tokens"
    amount = Decimal(rate)
    if not amount.is_finite() or not 0 <= amount <= MOST_USD_PER_MILLION:
        return f"{key} must be from 0 to {MOST_USD_PER_MILLION:,} US dollars per million tokens"
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -_FINEST_PLACES:
        return f"{key} has more than {_FINEST_PLACES} decimal places"
    return None
