"""Projections: what each view keeps, how events fold into it, and what may be asked of it."""
