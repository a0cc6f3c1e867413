/* Gives a file system an encryption key, which is the whole file system's and not the container's (Kernel; fscrypt). */
#include "attack.h"
#include <linux/fscrypt.h>

int main(int argc, char **argv)
{
	struct {
		struct fscrypt_add_key_arg arg;
		unsigned char raw[64];
	} key = { .arg = { .key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER, .raw_size = sizeof key.raw }, .raw = "lowbox" };
	int folder = open(argv[1], O_RDONLY);
	tried();
	return outcome(ioctl(folder, FS_IOC_ADD_ENCRYPTION_KEY, &key), "an encryption key in the file system");
}
