"""Opens every file of /proc/sys, /sys and the top of /proc for writing, writes nothing (pitfall 1: /proc/sys and its like)."""
import os
from attack import gained, say, tried

tried()
found = 0
top = [os.path.join("/proc", name) for name in os.listdir("/proc") if not name.isdigit()]
trees = [os.path.join(path, name) for tree in ("/proc/sys", "/proc/irq", "/proc/fs", "/sys/kernel", "/sys/module")
         for path, _, names in os.walk(tree) for name in names]
# pid_max and its neighbours in own namespaces are no gain, but a read-only /proc/sys has no exceptions.
for path in top + trees:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        found += 1
        say("WRITABLE", path)
    except OSError:
        pass
if found:
    gained(f"{found} files of the kernel")
