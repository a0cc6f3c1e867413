/* call NAME [FOLDER]: one call to the kernel that a program in a container must not have, by the instruction itself. */
#include "win32.h"
#include "linux.h"

int main(int argc, char **argv)
{
	static char memory[4096] __attribute__((aligned(64)));
	const char *name = argv[1];
	int64_t result = -38;
	tried();
	if (!strcmp(name, "io_uring_setup"))
		result = LINUX(L_io_uring_setup, 4, memory, 0);
	else if (!strcmp(name, "userfaultfd"))
		result = LINUX(L_userfaultfd, 1, 0, 0); /* UFFD_USER_MODE_ONLY */
	else if (!strcmp(name, "bpf")) {
		memcpy(memory, (uint32_t[]){ 2, 4, 4, 1 }, 16); /* BPF_MAP_CREATE of an array */
		result = LINUX(L_bpf, 0, memory, 72);
	} else if (!strcmp(name, "perf_event_open")) {
		memcpy(memory, (uint32_t[]){ 1, 112 }, 8); /* a software event of this process, user mode only */
		*(uint64_t *)(memory + 40) = 1 << 5 | 1 << 6;
		result = LINUX5(L_perf_event_open, memory, 0, -1, -1, 0);
	} else if (!strcmp(name, "unshare"))
		result = LINUX(L_unshare, 0x10000000, 0, 0);
	else if (!strcmp(name, "mount"))
		result = LINUX5(L_mount, "none", linux_path(argv[2]), "tmpfs", 0, NULL);
	else if (!strcmp(name, "fsopen"))
		result = LINUX(L_fsopen, "tmpfs", 0, 0);
	else if (!strcmp(name, "keyctl"))
		result = LINUX(L_keyctl, 0, -3, 1); /* KEYCTL_GET_KEYRING_ID of the session */
	else if (!strcmp(name, "personality"))
		result = LINUX(L_personality, 0x0040000, 0, 0); /* ADDR_NO_RANDOMIZE */
	else if (!strcmp(name, "modify_ldt")) {
		memcpy(memory, (uint32_t[]){ 0, 0x1000, 0xfffff, 0x51 }, 16);
		result = LINUX(L_modify_ldt, 1, memory, 16);
	} else if (!strcmp(name, "ptrace"))
		result = LINUX(L_ptrace, 0, 0, 0); /* PTRACE_TRACEME: what Wine's server has and programs must not */
	else if (!strcmp(name, "packet_socket"))
		result = LINUX(L_socket, 17, 3, 0x300);
	else if (!strcmp(name, "netlink_audit_socket"))
		result = LINUX(L_socket, 16, 3, 9);
	else if (!strcmp(name, "chroot"))
		result = LINUX(L_chroot, linux_path(argv[2]), 0, 0);
	return linux_outcome(result, name);
}
