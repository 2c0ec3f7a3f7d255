import sys

words = [int(word) for word in sys.stdin.read().split()]
target, numbers = words[1], words[2:]
seen = {}
for place, number in enumerate(numbers, 1):
    if target - number in seen:
        print(seen[target - number], place)
        break
    seen[number] = place
else:
    print("impossible")
