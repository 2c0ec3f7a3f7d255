/* Sorts and summarises the whole numbers on standard input. */
#include <stdio.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    long long l = *(const long long *)left, r = *(const long long *)right;
    return (l > r) - (l < r);
}

/* Prints a sum of 64-bit numbers, which may need more than 64 bits. */
static void print_wide(unsigned __int128 magnitude)
{
    if (magnitude >= 10)
        print_wide(magnitude / 10);
    putchar('0' + (int)(magnitude % 10));
}

static unsigned __int128 print_sign(__int128 value)
{
    if (value < 0)
        putchar('-');
    return value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
}

int main(void)
{
    size_t count = 0, room = 1024;
    long long *numbers = malloc(room * sizeof *numbers), number;
    __int128 sum = 0;

    while (numbers && scanf("%lld", &number) == 1) {
        if (count == room)
            numbers = realloc(numbers, (room *= 2) * sizeof *numbers);
        if (!numbers)
            break;
        numbers[count++] = number;
        sum += number;
    }
    if (!numbers) {
        fputs("out of memory\n", stderr);
        return 1;
    }
    qsort(numbers, count, sizeof *numbers, ascending);

    printf("count %zu\n", count);
    if (count == 0) {
        puts("min none\nmax none\nsum 0\nmedian none");
        return 0;
    }
    printf("min %lld\nmax %lld\nsum ", numbers[0], numbers[count - 1]);
    print_wide(print_sign(sum));
    /* Twice the median is whole: print half of it with its one digit. */
    unsigned __int128 twice;
    printf("\nmedian ");
    twice = print_sign((__int128)numbers[(count - 1) / 2] + numbers[count / 2]);
    print_wide(twice / 2);
    puts(twice % 2 ? ".5" : ".0");
    for (size_t i = 0; i < count; i++)
        printf("%lld\n", numbers[i]);
    return 0;
}
