/* Prints without end. */
#include <stdio.h>

int main(void)
{
    for (;;)
        puts("count 1000000000");
}
