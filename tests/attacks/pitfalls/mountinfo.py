"""Learns from mountinfo what is mounted on the host and from where (pitfall 13, "mountinfo (it shows source paths)")."""
from attack import attempt, say, tried

tried()
for name in ("mountinfo", "mounts", "mountstats"):
    attempt(lambda: say("READ", open(f"/proc/self/{name}").read()), name)
