def primes(limit):
    sieve = [True] * (limit + 1)
    found = []
    for number in range(2, limit + 1):
        if sieve[number]:
            found.append(number)
            for multiple in range(number * number, limit + 1, number):
                sieve[multiple] = False
    return found
