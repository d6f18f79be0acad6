"""How any command runs: who may give it, once, on which version, under which policy, in one transaction."""
