"""One file for each clause of the SOP: its events, and a room with the decisions that record them.

A room is a class on `CaseState`; no room inherits from another. What two rooms share is a function of the clause that owns
it. What every room needs belongs in `domain/case`, beside this folder.
"""
