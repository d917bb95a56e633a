"""Which addresses of the network a tool may talk to: public ones, unless the file names them."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Special-purpose registries of IANA, with what clouds keep for themselves. What is not public may
# be allowed by the file for a host; what is in _NEVER only under that very address.
_PRIVATE: Final = (
    ("private", "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7"),
    ("loopback", "127.0.0.0/8 ::1/128"),
    ("shared address space (CGNAT)", "100.64.0.0/10"),
)
_NEVER: Final = (
    ("the cloud's own metadata service", "100.100.100.200/32 168.63.129.16/32 fd00:ec2::254/128"),
    ("link-local (metadata services live there)", "169.254.0.0/16 fe80::/10"),
    ("this network", "0.0.0.0/8 ::/128"),
    ("multicast", "224.0.0.0/4 ff00::/8"),
    ("reserved", "240.0.0.0/4 192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 2001::/23 5f00::/16"),
    ("for documentation", "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20"),
    ("an IPv4 address inside IPv6", "::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2002::/16"),
)
_PUBLIC6: Final = ipaddress.ip_network("2000::/3")


def _table(rows: Sequence[tuple[str, str]]) -> tuple[tuple[str, _Network], ...]:
    return tuple((why, ipaddress.ip_network(net)) for why, nets in rows for net in nets.split())


_NEVER_TABLE: Final = _table(_NEVER)
_PRIVATE_TABLE: Final = _table(_PRIVATE)


def why_not(address: str, *, private: bool = False, named: bool = False) -> str:
    """Say why an address may not be reached, or nothing where it may.

    `private` lets addresses through that are not public, `named` everything: the file has this
    very address.
    """
    if private and named:
        return ""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "no address"
    if refused := _among(ip, _NEVER_TABLE):
        return refused
    if inside := _among(ip, _PRIVATE_TABLE):
        return "" if private else inside
    return "" if ip.version == 4 or ip in _PUBLIC6 else "not public"


def _among(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address, table: Sequence[tuple[str, _Network]]
) -> str:
    return next((why for why, net in table if ip.version == net.version and ip in net), "")
