"""All benchmarks, or those named: `python -m benchmarks [--json] [name ...]`."""

from __future__ import annotations

from benchmarks import append, case_reads, conformance, http, imports, ledger, pages, search, storage
from benchmarks.rows import main

if __name__ == "__main__":
    modules = {
        "append": append,
        "case_reads": case_reads,
        "conformance": conformance,
        "http": http,
        "imports": imports,
        "ledger": ledger,
        "pages": pages,
        "search": search,
        "storage": storage,
    }
    main({name: module.measure for name, module in modules.items()}, __doc__)
