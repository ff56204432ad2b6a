"""The laboratory of NATs, which lies beside this repository."""
import os
import sys


class Missing(Exception):
    """Why it cannot be used here."""


def load(folder):
    """Its module, ready for use; `oracle` can be imported from then on."""
    if os.geteuid():
        raise Missing("network namespaces need root")
    sys.path.insert(0, os.path.abspath(folder))
    try:
        import natlab
    except ImportError:
        raise Missing(f"no natlab.py in {folder}") from None
    natlab.require()
    return natlab


def skip(name, reason):
    """A loud line locally, a failure in CI. The result is the exit status."""
    print(f"SKIPPED {name}: {reason}")
    return 1 if os.environ.get("CI") == "true" else 0
