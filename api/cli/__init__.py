"""The command line: `caseledger --help` reads like documentation."""
