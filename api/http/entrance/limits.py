"""Rate limits for people without an identity. Each process counts by itself, in bounded memory."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from ipaddress import ip_address, ip_network

from api.http.problems import Problem

HOUR = 3_600.0
PER_ADDRESS, PER_LINK = 5, 60
"""Reports an hour in the name of one e-mail address, and commands an hour by the links to one case."""
_REMEMBERED = 20_000


def network_of(host: str) -> str:
    """The network to count an address by. A site has a whole /64 of IPv6 addresses (RFC 6177)."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else host


class Limits:
    """Counts by key, an hour at a time. It forgets the least recently used key first."""

    def __init__(self, reports: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.reports = reports
        self._clock, self._guard = clock, threading.Lock()
        self._counted: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def count_link(self, case: str, customer: str) -> None:
        """Count a command by a link to a case, whichever link it is: each mail brings another one."""
        self.count("by the link", f"{case}\0{customer}", PER_LINK)

    def count(self, what: str, who: str, most: int) -> None:
        """Count once more. Raises Problem 429 with the time to wait when the limit is reached."""
        key, now = sha256(f"{what}\0{who}".encode("utf-8", "replace")).digest(), self._clock()
        with self._guard:
            since, times = self._counted.get(key, (now, 0))
            if now - since >= HOUR:
                since, times = now, 0
            self._counted[key] = since, times + 1
            self._counted.move_to_end(key)
            if len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)
        if times >= most:
            wait = max(1, round(since + HOUR - now))
            raise Problem("too-many-requests", f"at most {most} an hour", headers={"Retry-After": str(wait)})
