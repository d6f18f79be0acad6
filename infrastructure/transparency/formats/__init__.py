"""The log's formats, pure and without I/O: leaves, Merkle tree (RFC 6962), tiles, signed notes and checkpoints (C2SP)."""
