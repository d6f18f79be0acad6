"""What worker processes keep in the database: whose turn it is, how they are, which items they have set aside."""
