//! What a program may not do to what is outside, where that is learned about or verified.

/// Tries to get at a process outside, at the kernel and at the host's sockets. Says what worked. Arguments: a word in
/// the command line of a process outside, its number, and the path of a socket if there is one.
pub const ATTACKS: &str = r#"
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
marker, victim, service = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
worked = []
def attack(name, call):
    try:
        if call(): worked.append(name)
    except OSError:
        pass
def seen():
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if marker.encode() in open(f"/proc/{entry}/cmdline", "rb").read().split(b"\0")[1:2]: return True
        except OSError: pass
def new_namespace():
    child = os.fork()
    if child == 0: os._exit(0 if libc.unshare(0x10000000) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0
def connects():
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect(service[0]) is None
attack("sees it", seen)
attack("signals it", lambda: os.kill(victim, 0) is None)
attack("reads its memory", lambda: libc.syscall(310, victim, 0, 0, 0, 0, 0) == 0)
attack("traces it", lambda: libc.ptrace(0x4206, victim, 0, 0) == 0)
attack("makes a user namespace", new_namespace)
attack("reaches the keyring", lambda: libc.syscall(250, 0, -3, 1) > 0)
if service: attack("connects to a service", connects)
print(", ".join(worked))
"#;
