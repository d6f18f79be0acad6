"""What an erasure leaves on the record, and why: `caseledger erase` names it (audit.md, Personal data)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remaining:
    """A kind of data that stays."""

    what: str
    why: str


STAYS = (
    Remaining(
        "the pseudonym, codes, times and digests in the events",
        "the record is append-only, and they say nothing without the words that are gone",
    ),
    Remaining(
        "the actor id in every event they caused as a member of staff, and their grants",
        "the record says who decided; an id is a code that the desk's own directory resolves",
    ),
    Remaining(
        "words of catalogue entries, and the reasons of policies and grants",
        "they are the desk's own words, kept under the entry's name; a new version replaces them in use only",
    ),
    Remaining("what others wrote about them", "it is kept under the other person's id, and is erased with it"),
    Remaining("mails that were sent, backups, and copies on other servers", "they are out of the desk's reach"),
)
STAFF_WORDS = Remaining(
    "what staff wrote in their cases: notes, diagnoses, solutions, reasons", "`--scope everything` erases it as well"
)
