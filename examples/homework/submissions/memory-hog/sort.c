/* Takes memory, and touches it, until there is none. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
    for (;;) {
        void *block = malloc(1 << 20);
        if (block)
            memset(block, 0xa5, 1 << 20);
    }
}
