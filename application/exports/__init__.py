"""The forms in which the record leaves the desk: JSON lines, XES and OCEL. All of them name the position of each event."""
