"""What auditors ask: the transparency log, the checkpoints and proofs, and whether histories conform to the SOP."""
