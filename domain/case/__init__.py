"""The Case: one room per clause of the SOP, and `case.py`, the whole they make up."""

from domain.case.case import EVENTS, Case

__all__ = ["EVENTS", "Case"]
