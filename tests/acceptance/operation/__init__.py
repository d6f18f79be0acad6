"""The desk as an operator runs it: killed, cut off, backed up, loaded and measured."""
