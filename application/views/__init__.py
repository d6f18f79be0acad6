"""Projections: the rows of each view, how events fold into them, and the queries on them."""
