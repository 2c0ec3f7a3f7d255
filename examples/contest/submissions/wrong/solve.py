import sys

words = [int(word) for word in sys.stdin.read().split()]
target, numbers = words[1], words[2:]
for place in range(len(numbers) - 1):
    if numbers[place] + numbers[place + 1] == target:
        print(place + 1, place + 2)
        break
else:
    print("impossible")
