/* Stores the numbers where memory was never allocated. */
#include <stdio.h>

int main(void)
{
    long long *volatile numbers = NULL;
    int count = 0;
    while (scanf("%lld", numbers + count) == 1)
        count++;
    printf("count %d\nmin %lld\n", count, numbers[0]);
    return 0;
}
