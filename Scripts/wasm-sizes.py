#!/usr/bin/env python3
"""wasm-sizes.py MODULE [COUNT] [--functions]: what a Wasm module with names consists of.

Prints the sections and the COUNT (10) largest contributors: functions grouped by Swift module and type, a specialised generic of the
standard library by its own type. With --functions, the single functions instead.
"""

import re
import subprocess
import sys
from collections import Counter

from wasmbinary import leb, sections

SECTIONS = {0: "custom", 1: "types", 2: "imports", 3: "functions", 4: "tables", 5: "memory", 6: "globals", 7: "exports",
            8: "start", 9: "elements", 10: "code", 11: "data", 12: "data count"}


def text(data, at):
    count, at = leb(data, at)
    return data[at:at + count].decode(), at + count


def imported_functions(data, at):
    count, at = leb(data, at)
    functions = 0
    for _ in range(count):
        _, at = text(data, at)
        _, at = text(data, at)
        kind = data[at]
        if kind == 0:
            functions += 1
            _, at = leb(data, at + 1)
        elif kind == 3:
            at += 3
        else:
            flags = data[at + (2 if kind == 1 else 1)]
            _, at = leb(data, at + (3 if kind == 1 else 2))
            if flags & 1:
                _, at = leb(data, at)
    return functions


def function_names(data, at, end):
    names = {}
    while at < end:
        kind = data[at]
        size, at = leb(data, at + 1)
        after = at + size
        if kind == 1:
            count, at = leb(data, at)
            for _ in range(count):
                index, at = leb(data, at)
                names[index], at = text(data, at)
        at = after
    return names


def read(data):
    """Sizes of the sections, and of the functions by mangled name."""
    sizes, bodies, names, imported = Counter(), [], {}, 0
    for kind, start, end in sections(data):
        if kind == 0:
            name, at = text(data, start)
            if name == "name":
                names = function_names(data, at, end)
            continue
        sizes[SECTIONS.get(kind, str(kind))] += end - start
        if kind == 2:
            imported = imported_functions(data, start)
        if kind == 10:
            count, at = leb(data, start)
            for _ in range(count):
                size, at = leb(data, at)
                bodies.append(size)
                at += size
    functions = Counter()
    for index, size in enumerate(bodies):
        functions[names.get(imported + index, f"function {index}")] += size
    return sizes, functions


def demangled(names):
    names = list(names)
    lines = subprocess.run(["swift", "demangle", "--compact"], input="\n".join(names), capture_output=True, text=True, check=True)
    return dict(zip(names, lines.stdout.splitlines()))


# What a specialised name says before it comes to the function.
DECORATION = re.compile(r"merged |function signature specialization |generic specialization |closure #\d+ |implicit closure #\d+ |"
                        r"specialized |partial apply forwarder |static |lazy protocol witness table accessor for type |of |for |in |"
                        r"one-time initialization (?:function|token) |variable initialization expression |default argument \d+ |"
                        r"type metadata accessor |\(extension in \w+\):|\(inout [^)]*\) ")
FAMILIES = [
    ("Dictionary and Set, specialised", re.compile(r"Swift\._?_?(?:Raw|Native|Cocoa)?(?:Dictionary|Set|Hash|EmptyDictionary|EmptySet)")),
    ("Array, specialised", re.compile(r"Swift\.(?:_?Contiguous)?_?(?:Array|ContiguousArray|copyCollection|allocateUninit|copySequence)")),
    ("sorting, specialised", re.compile(r"Swift\.(?:_merge|_insertion|_minimumMerge|MutableCollection|_findNextRun)|.*(?:sorted|_mergeRuns)")),
    ("String", re.compile(r"Swift\.(?:_?String|Substring|Character|Unicode|_Unicode|BidirectionalCollection)")),
]


def without_generics(name):
    """The name without what stands in angle brackets, functions' arrows aside."""
    depth, kept = 0, []
    for index, character in enumerate(name):
        if character == ">" and name[index - 1] != "-":
            depth -= 1
        elif character == "<":
            depth += 1
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


def contributor(mangled, name):
    if mangled in ("turn", "command"):
        return "CausewayWeb: exports and what is inlined there"
    if not mangled.startswith(("$s", "$e")):
        return "C: cryptography and runtime"
    if name.startswith(("outlined", "merged outlined")):
        return "outlined copies and releases of values"
    name = re.sub(r"\((\w+) in _[0-9A-F]+\)", r"\1", name)
    witness = re.search(r"protocol witness for .* in conformance ([\w.]+)", name)
    if witness:
        return witness.group(1)
    name = without_generics(name).lstrip()
    while match := DECORATION.match(name):
        name = name[match.end():].lstrip()
    for family, pattern in FAMILIES:
        if pattern.match(name):
            return family
    parts = (re.match(r"[\w.]*", name).group(0) or name[:40]).split(".")
    return ".".join(parts[:2])


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    with open(arguments[0], "rb") as file:
        sizes, functions = read(file.read())
    count = int(arguments[1]) if len(arguments) > 1 else 10
    names = demangled(functions)
    if "--functions" in sys.argv:
        groups = Counter({f"{names[mangled]} [{mangled}]": size for mangled, size in functions.items()})
    else:
        groups = Counter()
        for mangled, size in functions.items():
            groups[contributor(mangled, names[mangled])] += size
    print("sections: " + ", ".join(f"{name} {size}" for name, size in sizes.most_common() if size > 100))
    print(f"{len(functions)} functions; the {count} largest contributors:")
    for name, size in groups.most_common(count):
        print(f"{size:8} {name}")


main()
