"""Reports: the definitions of their figures (kpis.md), independent of the source of rows."""
