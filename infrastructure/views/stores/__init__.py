"""How folded rows are written: one store for each view, on tables of any schema. Nothing here answers a question."""
