"""Prints what was asked, and then says that it failed."""
import sys


def half(twice):
    sign = "-" if twice < 0 else ""
    return f"{sign}{abs(twice) // 2}.{'5' if twice % 2 else '0'}"


numbers = sorted(int(word) for word in sys.stdin.read().split())
count = len(numbers)
print("count", count)
print("min", numbers[0] if numbers else "none")
print("max", numbers[-1] if numbers else "none")
print("sum", sum(numbers))
print("median", half(numbers[(count - 1) // 2] + numbers[count // 2]) if numbers else "none")
for number in numbers:
    print(number)
sys.exit(3)
