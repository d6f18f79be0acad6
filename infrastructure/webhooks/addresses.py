"""Which addresses a webhook may lead to: public ones, and networks that the operator allows.

The name is resolved once, each address is checked, and the connection goes to the checked address itself. So a name that
resolves to another address a moment later leads nowhere else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

import httpcore

from infrastructure.webhooks.networks import Address, Network, is_public, plain_address


class AddressRefused(OSError):
    """A name leads only to addresses that webhooks may not reach."""


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to allowed addresses only."""

    def __init__(self, allowed: Iterable[Network], *, public: bool) -> None:
        """Allow some networks, and ``public`` addresses."""
        self._allowed, self._public = list(allowed), public
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address that answers. Raises AddressRefused, OSError, httpcore.ConnectError."""
        allowed = [address for address in await _resolved(host, port) if self.allows(address)]
        if not allowed:
            raise AddressRefused(f"{host} leads to no address that webhooks may reach")
        for address in allowed[:-1]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._network.connect_tcp(str(allowed[-1]), port, timeout, local_address, socket_options)

    def allows(self, address: Address) -> bool:
        """Whether a connection may go to an address."""
        plain = plain_address(address)
        return any(plain in network for network in self._allowed) or (self._public and is_public(address))


async def _resolved(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host, without repetition. Raises socket.gaierror."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(place[0]).partition("%")[0]) for *_, place in found))
