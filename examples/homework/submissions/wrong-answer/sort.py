"""Right but for the median: off by one where the count is even."""
import sys

numbers = sorted(int(word) for word in sys.stdin.read().split())
count = len(numbers)
print("count", count)
print("min", numbers[0] if numbers else "none")
print("max", numbers[-1] if numbers else "none")
print("sum", sum(numbers))
print("median", f"{numbers[(count - 1) // 2]}.0" if numbers else "none")
for number in numbers:
    print(number)
