"""What the desk knows of monitoring: its sources and their alerts. What it does with a case is a clause of the case."""
