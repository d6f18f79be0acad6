"""A case's bundle: its events with their proofs, in a folder or an archive. Written, read and checked offline.

What needs the whole database is not here: `transparency.verification` checks that.
"""
