"""`python -m api.cli` is `caseledger`."""

from api.cli.main import run

run()
