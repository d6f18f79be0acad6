"""All benchmarks, or those named: `python -m benchmarks [--json] [name ...]`."""

from __future__ import annotations

from benchmarks import append, case_reads, http, ledger
from benchmarks.rows import main

if __name__ == "__main__":
    main(
        {"append": append.measure, "case_reads": case_reads.measure, "http": http.measure, "ledger": ledger.measure},
        __doc__,
    )
