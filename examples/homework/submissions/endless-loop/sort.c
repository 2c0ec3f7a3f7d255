/* Right, but the quicksort never ends when two numbers are equal: neither scan moves past the pivot. */
#include <stdio.h>

static long long numbers[20000];

static void quicksort(int low, int high)
{
    if (low >= high)
        return;
    long long pivot = numbers[(low + high) / 2];
    int left = low, right = high;
    while (left < right) {
        while (numbers[left] < pivot)
            left++;
        while (numbers[right] > pivot)
            right--;
        long long kept = numbers[left];
        numbers[left] = numbers[right];
        numbers[right] = kept;
    }
    quicksort(low, left - 1);
    quicksort(left + 1, high);
}

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
    int count = 0;
    __int128 sum = 0;
    while (count < 20000 && scanf("%lld", &numbers[count]) == 1)
        sum += numbers[count++];
    quicksort(0, count - 1);
    printf("count %d\n", count);
    if (count == 0) {
        puts("min none\nmax none\nsum 0\nmedian none");
        return 0;
    }
    printf("min %lld\nmax %lld\nsum ", numbers[0], numbers[count - 1]);
    print_wide(print_sign(sum));
    printf("\nmedian ");
    unsigned __int128 twice = print_sign((__int128)numbers[(count - 1) / 2] + numbers[count / 2]);
    print_wide(twice / 2);
    puts(twice % 2 ? ".5" : ".0");
    for (int i = 0; i < count; i++)
        printf("%lld\n", numbers[i]);
    return 0;
}
