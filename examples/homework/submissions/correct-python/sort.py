"""Sorts and summarises the whole numbers on standard input."""
import sys


def half(twice):
    """Half of a whole number, exactly, with one digit after the point."""
    sign = "-" if twice < 0 else ""
    return f"{sign}{abs(twice) // 2}.{'5' if twice % 2 else '0'}"


def main():
    numbers = sorted(int(word) for word in sys.stdin.read().split())
    count = len(numbers)
    print("count", count)
    print("min", numbers[0] if numbers else "none")
    print("max", numbers[-1] if numbers else "none")
    print("sum", sum(numbers))
    middle = half(numbers[(count - 1) // 2] + numbers[count // 2]) if numbers else "none"
    print("median", middle)
    for number in numbers:
        print(number)


main()
