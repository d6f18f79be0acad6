"""Outgoing mail: the letters, and the fate of each."""
