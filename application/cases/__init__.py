"""Commands on cases, one module per SOP clause, and the documents of a case."""
