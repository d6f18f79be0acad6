"""The SOP on cases, a module per clause, and how a case reads."""
