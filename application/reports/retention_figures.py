"""The report on whose personal data the desk keeps."""

from __future__ import annotations

from application.reports.report import Definition, Figure, Unit

RETENTION = Definition(
    "retention",
    1,
    "Whose personal data the desk keeps, and for whom the policy's `retention` is over. It is always of now, since the vault does not "
    "know what it held before; it takes `tz`, `format` and `bom` only. `rows` has each subject that is due: `{subject, cases, "
    "last_closed_at, disclosures, held}`, the oldest first.",
    "none",
    (
        Figure("subjects", Unit.PERSONS, "persons with anything in the vault; the desk's own words (catalogue, problems, grants, reasons of erasures) are nobody's"),
        Figure("subjects_due", Unit.PERSONS, "those whose cases are all closed, the last one longer ago than the retention period, and of whom more is left than what staff wrote. A subject's cases are those they are the customer of and those they reported for somebody else. A subject who only wrote a mail that became no case is due when it was recorded that long ago. A subject without a case who stands in the customer directory is never due"),
        Figure("disclosures", Unit.COUNT, "all that the vault holds"),
        Figure("by_kind", Unit.COUNTS, "all that the vault holds, by kind"),
        Figure("cases_on_hold", Unit.CASES, "cases under a legal hold; `held` marks a row with such a case, whose erasure will be refused"),
        Figure("oldest_closed_at", Unit.TIME, "the earliest `last_closed_at` of the rows"),
        Figure("retention_days", Unit.DAYS, "the period in force"),
    ),
)  # fmt: skip
