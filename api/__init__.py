"""The interfaces: HTTP and the command line, and the composition roots that put the house together."""
