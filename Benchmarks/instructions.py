#!/usr/bin/env python3
"""How many instructions usual work takes, all its nodes together: the works of Benchmarks/Allocations under Valgrind's Callgrind.

    instructions.py [--program PROGRAM] [--runs N] [WORDS OF A WORK'S NAME]

Callgrind counts instructions of the program and its libraries, and none of the kernel. Figures are medians of the runs. The profiles of the
last run stay in .build/instructions: callgrind_annotate shows where the instructions are.
"""
import argparse
import glob
import os
import re
import statistics
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PROFILES = os.environ.get('CW_PROFILES') or os.path.join(ROOT, '.build', 'instructions')


def run(program, words):
    """Instructions for each unit of each work, in the order of the works."""
    os.makedirs(PROFILES, exist_ok=True)
    # Valgrind does not understand the debug information of Swift's compiler.
    stripped = os.path.join(PROFILES, "program")
    subprocess.run(["strip", "--strip-debug", "-o", stripped, program], check=True)
    for old in glob.glob(os.path.join(PROFILES, "profile*")):
        os.remove(old)
    subprocess.run(
        ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={PROFILES}/profile", stripped, *words],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = {}
    for path in sorted(glob.glob(os.path.join(PROFILES, "profile.*")), key=lambda path: int(path.rpartition(".")[2])):
        with open(path) as profile:
            text = profile.read()
        title = re.search(r"^desc: Trigger: Client Request: (.*)\|(\d+)$", text, re.MULTILINE)
        total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
        if title and total:
            found[title[1]] = int(total[1]) / int(title[2])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="a built AllocationBench; without, this source's")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    program = options.program
    if not program:
        subprocess.run(["swift", "build", "-c", "release", "--product", "AllocationBench"], cwd=ROOT, check=True, stdout=sys.stderr)
        program = os.path.join(ROOT, ".build", "release", "AllocationBench")
    runs = [run(program, options.words) for _ in range(options.runs)]
    print("| work | instructions (range) |\n|---|---|")
    for work in runs[0]:
        figures = [one[work] for one in runs]
        print(f"| {work} | {statistics.median(figures):,.0f} ({min(figures):,.0f}-{max(figures):,.0f}) |")


if __name__ == "__main__":
    main()
