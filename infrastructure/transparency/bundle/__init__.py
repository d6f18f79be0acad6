"""A case with its proofs in a folder or an archive: written, read and checked offline."""
