"""Which words a misspelt one may be meant for: those that a few slips of the keyboard turn into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infrastructure.views.questions.view_reader import Ask, Row, filled, texts

_SQL = texts("misspelt")
_MOST = 3
"""Words that one misspelt word is searched by."""
_QUOTED = re.compile(r'"[^"]+"')
"""Words in quotes. A query with such words finds no similar ones."""
_SIGNS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class WordQuestion:
    """A question to lexemes, in the syntax of `tsquery`, and the SQL that scores its matches, with its values."""

    matches: str
    score: str
    values: Mapping[str, Any]


async def similar_words(ask: Ask, query: str, exact: str, lexemes: str) -> WordQuestion | None:
    """The question for words like those of a query, without what has the very words (``exact``).

    ``lexemes`` is the column that the score is taken of. None when words are quoted, or no word is like another.
    """
    pieces = [] if _QUOTED.search(query) else query.replace('"', " ").split()
    words = await ask(_SQL["pieces"], {"pieces": pieces}) if pieces else []
    forms = [(row["place"], form) for row in words if row["typed"] for form in _forms(pieces[row["place"] - 1], row)]
    if not forms:
        return None
    places, typed = map(list, zip(*forms, strict=True))
    near = await ask(_SQL["near"], {"places": places, "forms": typed})
    meant = {
        place: closest([f for p, f in forms if p == place], [n["word"] for n in near if n["place"] == place])
        for place in dict.fromkeys(places)
    }
    if not any(meant.values()):
        return None
    parts = [" | ".join((row["question"], *(f"'{word}'" for word in meant.get(row["place"], ())))) for row in words]
    alike = [(place, row["question"], 1.0) for place, row in ((r["place"], r) for r in words) if place in meant]
    alike += [(place, f"'{word}'", score) for place, near_by in meant.items() for word, score in near_by.items()]
    values = dict(zip(("places", "words", "alike"), map(list, zip(*alike, strict=True)), strict=True))
    matches = " & ".join(f"({part})" for part in parts)
    score = filled(_SQL["likeness"], lexemes=lexemes)
    return WordQuestion(f"{matches} & !({exact})" if exact else matches, score, values)


def _forms(piece: str, row: Row) -> set[str]:
    """A word as it was typed, and without its ending."""
    return {_SIGNS.sub("", piece).casefold(), row["typed"]}


def slips(meant: str, typed: str) -> int:
    """How many letters must be put in, left out, replaced or swapped with the next one (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(typed) + 1))
    for i, letter in enumerate(meant, start=1):
        before, previous, row = row, before, [i]
        for j, other in enumerate(typed, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == typed[j - 2] and meant[i - 2] == other:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return row[-1]


def closest(typed: Iterable[str], words: Iterable[str]) -> dict[str, float]:
    """The words that the fewest slips turn into one of the forms that was typed, and how alike they are: below 1.

    One slip is allowed in five letters, two in more.
    """
    counts = {(form, word): slips(word, form) for form in typed for word in words}
    allowed = {key: count for key, count in counts.items() if 0 < count <= (1 if len(key[0]) <= 5 else 2)}
    fewest = sorted((count, word, form) for (form, word), count in allowed.items() if count == min(allowed.values()))
    return {word: 1 - count / len(form) for count, word, form in fewest[:_MOST]}
