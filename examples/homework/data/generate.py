#!/usr/bin/env python3
"""Makes data/secret again, byte for byte: `python3 examples/homework/data/generate.py`.

No random module: its streams are not promised to stay the same. A few lines of xorshift are.
"""
from pathlib import Path

LOWEST, HIGHEST = -(2**63), 2**63 - 1


def stream(seed):
    """xorshift64*: whole numbers of 64 bits, the same for ever."""
    state = seed
    while True:
        state ^= state >> 12
        state = (state ^ (state << 25)) & (2**64 - 1)
        state ^= state >> 27
        yield (state * 0x2545F4914F6CDD1D) & (2**64 - 1)


def distinct(seed, count, below):
    """`count` different numbers from -below to below."""
    seen = {}
    for raw in stream(seed):
        seen.setdefault(raw % (2 * below + 1) - below)
        if len(seen) == count:
            return list(seen)


def lines(numbers):
    return "".join(f"{number}\n" for number in numbers)


def half(twice):
    sign = "-" if twice < 0 else ""
    return f"{sign}{abs(twice) // 2}.{'5' if twice % 2 else '0'}"


def answer(text):
    """What must come out: written apart from the submissions, so that they are checked against it."""
    numbers = sorted(int(word) for word in text.split())
    count = len(numbers)
    if not numbers:
        return "count 0\nmin none\nmax none\nsum 0\nmedian none\n"
    middle = numbers[(count - 1) // 2] + numbers[count // 2]
    head = f"count {count}\nmin {numbers[0]}\nmax {numbers[-1]}\nsum {sum(numbers)}\nmedian {half(middle)}\n"
    return head + lines(numbers)


CASES = {
    "01-empty": "",
    "02-blank-lines": "\n \n\t\n",
    "03-one": "7\n",
    "04-one-negative": "-7\n",
    "05-two": "10\n3\n",
    "06-two-equal": "5\n5\n",
    "07-three-sorted": "1\n2\n3\n",
    "08-three-reversed": "30\n20\n10\n",
    "09-all-equal": lines([4] * 7),
    "10-negatives": lines([-3, -1, -2, -5, -4]),
    "11-negative-half": lines([-1, 0]),
    "12-mixed-signs": lines([3, -3, 2, -2, 1, -1]),
    "13-extremes": lines([HIGHEST, LOWEST]),
    "14-sum-beyond-64-bits": lines([HIGHEST] * 3),
    "15-one-line": "9 8\t7   6\t\t5 4 3 2 1\n",
    "16-no-final-newline": "2\n1\n3",
    "17-signs-and-zeros": "+7 007 -07 +0 9\n",
    "18-forty": lines(distinct(18, 40, 999)),
    "19-forty-one": lines(distinct(19, 41, 999)),
    "20-duplicates": lines([raw % 10 for raw, _ in zip(stream(20), range(100))]),
    "21-thousand": lines(distinct(21, 1000, 10**6)),
    "22-sorted": lines(range(-1000, 1000)),
    "23-reversed": lines(range(2001, 0, -1)),
    "24-twenty-thousand": lines(distinct(24, 20000, HIGHEST)),
}


def main():
    folder = Path(__file__).resolve().parent / "secret"
    folder.mkdir(exist_ok=True)
    for name, text in CASES.items():
        (folder / f"{name}.in").write_bytes(text.encode())
        (folder / f"{name}.ans").write_bytes(answer(text).encode())


main()
