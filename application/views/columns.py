"""The column table of a view: every column named once, with where its value comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Protocol


class Fold(Protocol):
    """What a row is made of: the domain's state, and what the view keeps beside it."""

    state: Any


class Columns:
    """The columns of one table of a view, in the order of `names`.

    ``state`` are attributes of the fold's state and ``fold`` of the fold itself: both are restored from a row. ``parse``
    turns a stored value back into the domain's type. ``derived`` are computed from the state and not restored.
    """

    def __init__(
        self,
        *,
        state: Sequence[str],
        fold: Sequence[str],
        parse: Mapping[str, Callable[[Any], Any]] | None = None,
        derived: Mapping[str, Callable[[Any], Any]],
    ) -> None:
        self.names = (*state, *fold, *derived)
        self._state, self._fold, self._parse = state, fold, parse or {}
        # From the state's dictionary, which costs a third of reading so many attributes, and every event reads them all.
        self._of_state, self._of_fold, self._derived = itemgetter(*state), attrgetter(*fold), tuple(derived.values())

    def values(self, fold: Fold) -> tuple[Any, ...]:
        """The values of a row, by `names`."""
        state = fold.state
        return (*self._of_state(vars(state)), *self._of_fold(fold), *[derive(state) for derive in self._derived])

    def restore(self, fold: Fold, row: Mapping[str, Any]) -> None:
        """Set the attributes of a fold from the row that an earlier fold left."""
        for name in self._state:
            value, parse = row[name], self._parse.get(name)
            setattr(fold.state, name, value if parse is None or value is None else parse(value))
        for name in self._fold:
            setattr(fold, name, row[name])
