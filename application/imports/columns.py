"""The columns of a log by its mapping: which name what, and which of them an event may hold."""

from __future__ import annotations

from collections.abc import Callable, Collection

from application.imports.mapping import CHOSEN, Choice, Mapping, folded
from application.imports.source import Row
from application.imports.times import Unparsable
from domain.values import CODE

_LONGEST = 128
"""Characters of a code. A longer text is free text, and goes into the vault."""
_REMEMBERED = 32_768
_CODES = ("case", "by", "team", "technician", "service", "customer")


class MissingColumns(Exception):
    """A file lacks columns without which no row can be read. The message names one."""


class Remembered(dict[str, str]):
    """What a function makes of texts. A few thousand texts fill the columns of a log: look at each once."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        made = self[text] = self._make(text)
        return made


class Known(set[str]):
    """The texts that are known to pass a test."""

    def __init__(self, passes: Callable[[str], bool]) -> None:
        super().__init__()
        self._passes = passes

    def all(self, texts: Collection[str]) -> bool:
        """Whether all texts pass."""
        if self.issuperset(texts):
            return True
        if len(self) >= _REMEMBERED:
            self.clear()
        unknown = [text for text in texts if text not in self]
        passed = [text for text in unknown if self._passes(text)]
        self.update(passed)
        return len(passed) == len(unknown)


class Columns:
    """Takes the cells of rows apart: codes, texts of people, and hindsight."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self.tidy = Remembered(_tidy)
        """Texts without needless blanks."""
        missing = frozenset(mapping.missing)
        self._filled = Remembered(lambda text: "" if (tidied := _tidy(text)) in missing else tidied)
        self._fitting, self._printable, self._codes = Known(fits), Known(printable), Known(is_code)
        self._renamed: dict[str, str] = {}
        self.gone = mapping.missing[0] if mapping.missing else ""
        """How the log writes a value that was removed."""
        self.choices: dict[str, Choice] = {name: c for name in CHOSEN if (c := mapping.choice(name)) is not None}
        self._customers = frozenset(self.choices["customer"].sources if "customer" in self.choices else ())
        told = (*mapping.contact.values(), *mapping.words.values())
        self.logged = frozenset((*told, *self._customers))
        """The columns of text that the opening event holds."""
        self._private = frozenset((*told, *mapping.private))
        outcome = (column for name, column in mapping.outcome.items() if name != "opened_at")
        self._dropped = frozenset((*mapping.ignore, *outcome))
        """Columns that are not imported, or stand in the outcome."""
        self._late = frozenset(mapping.hindsight)
        coded = (choice.sources for name, choice in self.choices.items() if name != "customer")
        self._coded = frozenset(name for sources in coded for name in sources)
        """The columns of ids: that of a member of staff may be an address."""
        self._apart = self._private | self._late
        self._single = {
            name: c.sources[0] for name, c in self.choices.items() if len(c.sources) == 1 and c.value is None
        }
        strict = (column for field in _CODES if field in self.choices for column in self.choices[field].sources)
        self._required_codes = tuple(dict.fromkeys(strict)) if mapping.strict else ()
        self._cases = self.choices["case"].sources

    def match(self, found: Collection[str]) -> tuple[str, ...]:
        """Find the mapping's columns among those of the file, where only case and blanks differ. Return those it lacks."""
        exact, spelt = set(found), {_loose(name): name for name in found}
        lost = [name for name in self._mapping.named if name not in exact]
        self._renamed = {spelt[_loose(name)]: name for name in lost if _loose(name) in spelt}
        given = {name: there for there, name in self._renamed.items()}
        self._cases = tuple(given.get(name, name) for name in self.choices["case"].sources)
        return tuple(name for name in lost if _loose(name) not in spelt)

    def require(self, found: Collection[str]) -> None:
        """Refuse a file in which no row can be read. Raises MissingColumns."""
        missing = self.match(found)
        if needed := [name for name in self._mapping.required if name in missing]:
            raise MissingColumns(needed[0])

    def filled(self, row: Row) -> dict[str, str]:
        """The filled cells, without needless blanks: two spellings would make one person two."""
        filled, renamed = self._filled, self._renamed
        if renamed:
            row = {renamed.get(name, name): text for name, text in row.items()}
        return {name: text for name, given in row.items() if (text := filled[given])}

    def number(self, row: Row) -> str:
        """The case of a row, without a look at its other cells; empty where it is missing."""
        return self.text("case", self.filled({name: row[name] for name in self._cases if name in row})) or ""

    def apart(self, cells: Row) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Part the cells into codes, which an event may hold, texts, which belong into the vault, and hindsight.

        Raises Unparsable for a value that is no code, where the mapping is strict.
        """
        plain = self._fitting.all(cells.values())
        if self._mapping.strict:
            self._require_codes(cells, plain)
        kept = {name: text for name, text in cells.items() if name not in self._dropped}
        plain = plain or self._fitting.all(kept.values())
        if plain and self._apart.isdisjoint(kept) and self._no_person(kept):
            return kept, {}, {}
        codes, texts, late = dict[str, str](), dict[str, str](), dict[str, str]()
        for name, text in kept.items():
            if name in self._private or not self._can_be_code(name, text):
                texts[name] = text
            else:
                (late if name in self._late else codes)[name] = text
        return codes, texts, late

    def _no_person(self, cells: Row) -> bool:
        return self._codes.all([cells[column] for column in self._customers if column in cells])

    def _can_be_code(self, column: str, text: str) -> bool:
        if column in self._coded:
            return printable(text)
        return fits(text) and (column not in self._customers or is_code(text))

    def _require_codes(self, cells: Row, plain: bool) -> None:
        """``plain``: every cell fits, and so is printable."""
        if not plain and not self._printable.all(cells.values()):
            raise Unparsable("it holds what no such log holds")
        coded = [cells[column] for column in self._required_codes if column in cells]
        if not self._codes.all(coded):
            wrong = next(each for each in self._required_codes if each in cells and not is_code(cells[each]))
            raise Unparsable(f"{wrong} is no code")

    def text(self, field: str, cells: Row) -> str | None:
        """The text of a field; None where it is missing."""
        if (column := self._single.get(field)) is not None:
            return cells.get(column)
        choice = self.choices.get(field)
        if choice is None or choice.value is not None:
            return None if choice is None else choice.value
        return choice.join.join(part for name in choice.sources if (part := cells.get(name)) is not None) or None

    def contact(self, cells: Row) -> dict[str, str]:
        """How the customer is reached. A column of customers that holds no code holds a person's name or address."""
        told = picked(self._mapping.contact, cells)
        customer = self.text("customer", cells)
        if told or customer is None or (fits(customer) and is_code(customer)):
            return told
        return {"email" if "@" in customer else "name": customer}


def picked(columns: Row, cells: Row) -> dict[str, str]:
    """The filled cells of some columns, by what they hold."""
    return {name: cells[column] for name, column in columns.items() if column in cells}


def is_code(text: str) -> bool:
    """Whether a text has the form of an id of ours."""
    return CODE.fullmatch(text) is not None


def printable(text: str) -> bool:
    """Whether a text is one printable line of moderate length."""
    return len(text) <= _LONGEST and text.isprintable()


def fits(text: str) -> bool:
    """Whether a text can be a code in an event. An address belongs to a person, and so into the vault."""
    return "@" not in text and printable(text)


def _tidy(text: str) -> str:
    """One line without needless blanks; text of several lines as it is."""
    text = text.strip()
    return text if "\n" in text else " ".join(text.split())


def _loose(name: str) -> str:
    return "".join(folded(name).replace("_", " ").replace("-", " ").split())
