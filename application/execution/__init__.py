"""How a command runs: admission, idempotency, expected version, policy in force, one transaction."""
