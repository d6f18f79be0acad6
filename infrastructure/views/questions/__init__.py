"""What may be asked of the view tables, and the SQL that answers it. Nothing here writes."""
