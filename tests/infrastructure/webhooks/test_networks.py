"""Which addresses webhooks may reach."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from infrastructure.settings import Settings
from infrastructure.webhooks.addresses import GuardedNetwork
from infrastructure.webhooks.networks import is_public, parse_networks

PRIVATE = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1"),
    *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2002:7f00:1::"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_internet_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not GuardedNetwork([], public=True).allows(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_of_the_internet_is_reached_unless_only_networks_are_allowed(address: str) -> None:
    assert GuardedNetwork([], public=True).allows(ip_address(address))
    assert not GuardedNetwork(parse_networks("10.0.0.0/8"), public=False).allows(ip_address(address))


def test_a_network_of_the_operator_is_reached_also_by_an_address_inside_another() -> None:
    network = GuardedNetwork(parse_networks("10.1.0.0/16 fd00::/8"), public=False)
    assert network.allows(ip_address("10.1.2.3"))
    assert network.allows(ip_address("::ffff:10.1.2.3"))
    assert network.allows(ip_address("fd00::7"))
    assert not network.allows(ip_address("10.2.0.1"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_networks": "10.0.0.1/8"},
        {"webhook_networks": "lan"},
        {"webhook_retries": "5 soon"},
        {"webhook_retries": "-1"},
    ],
)
def test_settings_that_are_none_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings.model_validate(wrong)
