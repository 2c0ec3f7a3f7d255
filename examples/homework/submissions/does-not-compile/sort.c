/* A semicolon is missing. */
#include <stdio.h>

int main(void)
{
    int count = 0
    printf("count %d\n", count);
    return 0;
}
