"""A second opinion for the classifier: what Python's ipaddress says of each address on standard input."""
import ipaddress
import sys

for line in sys.stdin:
    address = ipaddress.ip_address(line.strip())
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    words = [name for name in ("global", "private", "loopback", "link_local", "multicast", "unspecified", "reserved")
             if getattr(address, "is_" + name)]
    print(line.strip(), ",".join(words))
