"""Upkeep of tables while the desk runs: erased rows off the disk, tables copied and swapped in place.

Deleting rows is not here: an erasure is a command, and `ledger.append` and `vault.erase` carry it out.
"""
