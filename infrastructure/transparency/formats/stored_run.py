"""How a run of entries lies in `tlog.entries`: the bytes of its bundle, deflated (RFC 1950) with a preset dictionary.

Leaf records repeat their lines, and half of the rest is hex. Reading gives the bytes of the bundle back, which are what is
hashed, served and exported. Releases before 0.5.0 stored the bundle as it is.
"""

from __future__ import annotations

import zlib

_LIKELY = (
    b"\ndb-role desk_mail\ndb-role desk_processes\ntopic message.accepted\ntopic message.queued\ntopic case.noted\n"
    b"topic case.pended\ntopic case.resumed\ntopic case.notified\ntopic case.triaged\ntopic case.diagnosed\n"
    b"topic case.verified\ntopic case.prioritized\ntopic case.assigned\ntopic case.resolved\ntopic case.closed\n"
    b"caseledger-event/v1\nnotification-id 1\noriginator-id 019a\noriginator-version 1\ntopic case.logged\n"
    b"state-sha256 \nrecorded-at 2026-11-23T08:00:00.123456Z\ndb-role desk_api\n"
)
"""What a run has most likely. A storage format: it never changes. Another dictionary would be one more."""
_DICTIONARIES = {zlib.adler32(likely).to_bytes(4): likely for likely in (_LIKELY,)}
"""The dictionaries by the name that the compressed bytes have for them."""
_DEFLATED = 0x78
"""The first byte of deflated data. A bundle begins with the length of a leaf, which is never that of 30 kilobytes."""
_MOST = 256 * (2 + 65_535)
"""Bytes that a run may inflate to: 256 entries, each after its length."""


def deflated(bundle: bytes) -> bytes:
    """The bytes to store for a run of entries."""
    stream = zlib.compressobj(zdict=_LIKELY)
    return stream.compress(bundle) + stream.flush()


def inflated(data: bytes) -> bytes:
    """The run of entries that was stored. Raises ValueError for damaged bytes."""
    if data[:1] != bytes([_DEFLATED]):
        return data
    try:
        stream = zlib.decompressobj(zdict=_DICTIONARIES[data[2:6]])
        bundle = stream.decompress(data, _MOST)
    except (KeyError, zlib.error) as error:
        raise ValueError(f"the stored entries cannot be inflated: {error}") from error
    if not stream.eof or stream.unused_data:
        raise ValueError("the stored entries are cut off, or followed by other bytes")
    return bundle
