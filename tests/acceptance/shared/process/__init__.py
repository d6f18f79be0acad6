"""The clauses of the SOP, from the report to the closing of the case and its problem."""
