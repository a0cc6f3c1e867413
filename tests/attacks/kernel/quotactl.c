/* Reaches the quota code: syncs the quotas of every file system (Kernel surface). */
#include "attack.h"
#include <sys/quota.h>

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), 0, 0, 0), "quotas");
}
