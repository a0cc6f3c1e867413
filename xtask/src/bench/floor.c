/* floor [LANDLOCK] COMMAND…: runs COMMAND under a seccomp filter that allows every call, and with "landlock" as the first argument
 * under one Landlock rule that allows everything beneath / as well. What the kernel's own layers cost, however little they say. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(const char *what)
{
    perror(what);
    return 125;
}

int main(int count, char **arguments)
{
    char **command = arguments + 1;
    if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return failed("no_new_privs");
    if (strcmp(command[0], "landlock") == 0) {
        command++;
        struct landlock_ruleset_attr attributes = { .handled_access_fs = 0x7fff }; /* ABI 3 */
        int ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
        struct landlock_path_beneath_attr rule = { .allowed_access = 0x7fff, .parent_fd = open("/", O_PATH) };
        if (ruleset < 0 || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)
            || syscall(SYS_landlock_restrict_self, ruleset, 0))
            return failed("landlock");
    }
    struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    struct sock_fprog program = { .len = 1, .filter = allow };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
        return failed("seccomp");
    execv(command[0], command);
    return failed(command[0]);
}
