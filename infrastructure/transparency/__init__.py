"""The transparency log (C2SP tlog-tiles): leaves, tiles, proofs, the sealer, and what others hold of it."""
