"""The transparency log (C2SP tlog-tiles): the sealer that signs it, and the log as it is read, served and copied.

`formats` is pure. `publication` brings checkpoints to others, `bundle` proves one case offline, `verification` is
`caseledger verify`. Which events exist is not decided here: the sealer seals every row of the event store.
"""
