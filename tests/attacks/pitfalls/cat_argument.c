/* Prints the file that is its argument (pitfall 7: an argument grant is a deputy that a hostile folder can confuse). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return print_all(open(argv[1], O_RDONLY));
}
