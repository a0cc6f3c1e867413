/* Linux system calls out of a Windows program: the instruction itself, so neither Wine nor its ntdll has a say. The numbers and
 * constants are x86-64 Linux's, which no Windows header has. */
#include <stdint.h>

static inline int64_t linux_call(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
	int64_t result;
	register int64_t r10 __asm__("r10") = d;
	register int64_t r8 __asm__("r8") = e;
	register int64_t r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define LINUX0(n) linux_call(n, 0, 0, 0, 0, 0, 0)
#define LINUX(n, a, b, c) linux_call(n, (int64_t)(a), (int64_t)(b), (int64_t)(c), 0, 0, 0)
#define LINUX5(n, a, b, c, d, e) linux_call(n, (int64_t)(a), (int64_t)(b), (int64_t)(c), (int64_t)(d), (int64_t)(e), 0)
#define LINUX6(n, a, b, c, d, e, f) \
	linux_call(n, (int64_t)(a), (int64_t)(b), (int64_t)(c), (int64_t)(d), (int64_t)(e), (int64_t)(f))

enum {
	L_read = 0, L_write = 1, L_open = 2, L_close = 3, L_socket = 41, L_connect = 42, L_sendto = 44, L_fork = 57, L_wait4 = 61,
	L_kill = 62, L_symlink = 88, L_ptrace = 101, L_mount = 165, L_pread64 = 17, L_pwrite64 = 18, L_keyctl = 250, L_unshare = 272,
	L_perf_event_open = 298, L_process_vm_readv = 310, L_process_vm_writev = 311, L_memfd_create = 319, L_bpf = 321,
	L_execveat = 322, L_userfaultfd = 323, L_io_uring_setup = 425, L_pidfd_open = 434, L_pidfd_getfd = 438, L_fsopen = 430,
	L_personality = 135, L_add_key = 248, L_exit = 60, L_chroot = 161, L_modify_ldt = 154,
};

/* As denied(), with the error of a Linux call. */
static inline int linux_denied(int64_t result, const char *what)
{
	static const struct { int number; const char *name; } NAMES[] = {
		{ 1, "EPERM" }, { 2, "ENOENT" }, { 3, "ESRCH" }, { 13, "EACCES" }, { 38, "ENOSYS" }, { 97, "EAFNOSUPPORT" },
		{ 93, "EPROTONOSUPPORT" }, { 111, "ECONNREFUSED" }, { 101, "ENETUNREACH" },
	};
	const char *name = "?";
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (NAMES[i].number == -result)
			name = NAMES[i].name;
	printf("DENIED %s (%d) %s\n", name, (int)-result, what);
	fflush(stdout);
	return 1;
}

static inline int linux_outcome(int64_t result, const char *what)
{
	return result < 0 ? linux_denied(result, what) : gained(what);
}

/* Prints what a descriptor of Linux holds. */
static inline int linux_print_all(int64_t fd, const char *what)
{
	static char buffer[4096];
	int64_t length;
	if (fd < 0)
		return linux_denied(fd, what);
	while ((length = LINUX(L_read, fd, buffer, sizeof buffer)) > 0)
		fwrite(buffer, 1, length, stdout);
	fflush(stdout);
	return length < 0 ? linux_denied(length, "read") : 0;
}
