"""Reading mail: who wrote it, what it says, and what it repeats."""
