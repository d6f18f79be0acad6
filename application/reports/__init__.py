"""Reports: what each figure means (kpis.md), apart from where its rows come from."""
