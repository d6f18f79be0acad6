"""Exports of the desk as files."""
