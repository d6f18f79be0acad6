"""Takes checkpoints out of our reach: to C2SP witnesses, an RFC 3161 timestamp authority and a directory on another disk.

Sealing is not here and never waits for it.
"""
