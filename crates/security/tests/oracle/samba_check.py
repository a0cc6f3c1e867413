"""Answers access checks with Samba, one per line of standard input (samba_oracle.rs).

In:  sddl TAB descriptor in hex TAB sids with commas TAB privilege names with commas TAB mask in hex
Out: granted mask in hex or "denied" TAB sddl as Samba prints it TAB that packed in hex TAB the descriptor repacked in hex
The check uses the binary descriptor, because Samba's SDDL has no NO_ACCESS_CONTROL.
"""

import sys

from samba import NTSTATUSError
from samba import security as checks
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack

DOMAIN = security.dom_sid("S-1-5-21-9-9-9")
PRIVILEGES = {
    "SeSecurityPrivilege": security.SEC_PRIV_SECURITY_BIT,
    "SeTakeOwnershipPrivilege": security.SEC_PRIV_TAKE_OWNERSHIP_BIT,
}
DENIED = {0xC0000022, 0xC0000061}  # STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD
cache = {}


def sid(text):
    if text not in cache:
        cache[text] = security.dom_sid(text)
    return cache[text]


def answer(line):
    sddl, packed, sids, privileges, mask = line.rstrip("\n").split("\t")
    descriptor = ndr_unpack(security.descriptor, bytes.fromhex(packed))
    token = security.token()
    held = [sid(text) for text in sids.split(",")]
    # num_sids first: reading sids back while it is zero gives an empty list, and everything is denied.
    token.num_sids = len(held)
    token.sids = held
    bits = 0
    for name in filter(None, privileges.split(",")):
        bits |= PRIVILEGES[name]
    token.privilege_mask = bits
    try:
        result = "%x" % checks.access_check(descriptor, token, int(mask, 16))
    except NTSTATUSError as error:
        if error.args[0] & 0xFFFFFFFF not in DENIED:
            raise
        result = "denied"
    if sddl == "-":
        text, repacked = "-", "-"
    else:
        parsed = security.descriptor.from_sddl(sddl, DOMAIN)
        text, repacked = parsed.as_sddl(DOMAIN), ndr_pack(parsed).hex()
    return "\t".join([result, text, repacked, ndr_pack(descriptor).hex()])


print("ready", flush=True)
for line in sys.stdin:
    try:
        print(answer(line))
    except Exception as error:  # the test shows it beside the case
        print("error %r" % error)
