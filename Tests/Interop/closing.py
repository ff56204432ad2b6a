"""How a script that has collected its checks ends."""
import sys


def close(checks):
    """Prints each of (whether it holds, what it says), then the closing line, and exits."""
    for good, text in checks:
        print(("ok    " if good else "FAIL  ") + text)
    passed = sum(good for good, _ in checks)
    print(f"{passed} passed, {len(checks) - passed} failed")
    sys.exit(0 if passed == len(checks) else 1)
