"""The desk under faults: killed, frozen, cut off and short of disk, under load. `make faults` runs it for as long as you like."""
