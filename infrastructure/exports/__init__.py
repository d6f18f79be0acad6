"""Reads the record in one stream and writes it into files that a broken-off export can go on with."""
