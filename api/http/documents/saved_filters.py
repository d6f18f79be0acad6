"""Saved filters."""

from __future__ import annotations

from typing import Annotated

from api.http.documents.base import Document, Version
from api.http.documents.catalogue import EntryPage
from api.http.fields import such_as


class SavedFilter(Document):
    """A list of cases that somebody named."""

    name: Annotated[str, such_as("late printers")]
    """Its name."""
    query: Annotated[dict[str, str], such_as({"service": "printing", "overdue": "true"})]
    """Its query parameters."""
    href: Annotated[str, such_as("/cases?service=printing&overdue=true")]
    """The address of the list."""
    saved_by: Annotated[str, such_as("a.ortiz")]
    """Who saved it last."""


class SavedFilters(Document):
    """The saved filters of one owner."""

    owner: Annotated[str, such_as("a.ortiz")]
    """The person, the team, or `desk`."""
    version: Version
    """Its version."""
    filters: list[SavedFilter]
    """The filters, by name."""


class SavedFiltersPage(EntryPage):
    """The saved filters that somebody works with."""

    items: list[SavedFilters]
    """Their own first, then those of their team or of the desk."""
