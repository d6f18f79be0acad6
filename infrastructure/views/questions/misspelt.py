"""Which words a misspelt one may be meant for: those that a few slips of the keyboard turn into it."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 3
"""Words that one misspelt word is searched by."""


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
