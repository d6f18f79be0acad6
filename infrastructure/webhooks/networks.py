"""Which networks an address belongs to: the internet, or one that the operator allows."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_NAT64 = IPv6Network("64:ff9b::/96")


def parse_networks(text: str) -> list[Network]:
    """Networks in CIDR notation, separated by spaces. Raises ValueError."""
    return [ip_network(each) for each in text.split()]


def is_public(address: Address) -> bool:
    """Whether an address is on the internet. An IPv4 address inside an IPv6 address counts as itself."""
    plain = plain_address(address)
    return plain.is_global and not plain.is_multicast


def plain_address(address: Address) -> Address:
    """The IPv4 address inside an IPv6 address (mapped, NAT64, 6to4, Teredo), or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
