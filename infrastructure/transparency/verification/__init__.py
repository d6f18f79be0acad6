"""`caseledger verify`: every check of audit.md, at one snapshot of the database, as the read-only auditor.

Each check adds to `Findings`. Nothing here repairs anything, and a bundle is checked offline (`transparency.bundle`).
"""
