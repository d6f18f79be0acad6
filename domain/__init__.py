"""The desk's rules, and nothing else: no I/O, no framework but `eventsourcing.domain`."""
