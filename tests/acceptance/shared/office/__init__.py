"""What the organisation keeps: the catalogue, the policy, grants and saved filters."""
