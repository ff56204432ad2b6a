#!/usr/bin/env python3
"""The numbers that cross between the page and its module, from Swift to JavaScript.

boundary.py           writes Web/causeway/boundary/*.js
boundary.py --check   fails if a file there is not what it would write
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
SWIFT = ROOT / "Sources/CausewayWeb"
SCRIPT = ROOT / "Web/causeway/boundary"
START = re.compile(r"^(?:public )?(?:enum|struct) (\w+): (?:UInt32|OptionSet|UInt8, Sendable) \{$")
CASE = re.compile(r"^    case (\w+(?:, \w+)*)$")
FLAG = re.compile(r"^    static let (\w+) = \w+\(rawValue: (\d+)\)$")


def constant(name):
    """limitedConnection -> LIMITED_CONNECTION"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


# The Swift type, its file, the JavaScript file, and how that writes the names of a type whose numbers it only ever reads.
TYPES = [
    ("WebCommand", "WebCommand.swift", "command.js", None),
    ("WebEvent", "WebEvent.swift", "event.js", None),
    ("WebFlags", "Boundary.swift", "flag.js", None),
    ("ConnectionFlags", "Boundary.swift", "connection-flag.js", None),
    ("LinkFailure", "Boundary.swift", "link-failure.js", None),
    ("ReservationState", "Boundary.swift", "reservation-state.js", str),
    ("ErrorKind", "ErrorKind.swift", "error-kind.js", constant),
    ("LimitName", "../CausewayConnection/Vocabulary/ConnectionError.swift", "limit-name.js", str),
]


def body(lines, type_name):
    """The comment above a type, and its lines."""
    for start, line in enumerate(lines):
        match = START.match(line)
        if match and match[1] == type_name:
            above = start
            while lines[above - 1].startswith("///"):
                above -= 1
            return lines[above:start], lines[start + 1:lines.index("}", start)]
    sys.exit(f"boundary: no type {type_name}")


def translate(type_name, swift, name_of):
    comment, lines = body((SWIFT / swift).read_text().splitlines(), type_name)
    path = (SWIFT / swift).resolve().relative_to(ROOT)
    out = [f"// Made of {path} by Scripts/boundary.py, which makes it again when that has changed.", "//"]
    out += ["//" + line[3:] for line in comment] + [""]
    names = []
    for line in lines:
        if line.startswith("    //") and not name_of:
            out.append("// " + line.lstrip(" /"))
        elif match := CASE.match(line):
            for name in match[1].split(", "):
                if not name_of:
                    out.append(f"export const {constant(name)} = {len(names)}")
                names.append(name)
        elif match := FLAG.match(line):
            out.append(f"export const {constant(match[1])} = {match[2]}")
        elif line.startswith(("    case ", "    static ")):
            sys.exit(f"boundary: {swift}: this number is not understood: {line.strip()}")
    if name_of:
        words = textwrap.wrap(" ".join(map(name_of, names)), 115)
        out += ["/** By number. */", "export const NAMES = `" + "\n  ".join(words) + "`.split(/\\s+/)"]
    return "\n".join(out) + "\n"


def main():
    made = {SCRIPT / name: translate(*rest, name_of) for *rest, name, name_of in TYPES}
    if sys.argv[1:] != ["--check"]:
        SCRIPT.mkdir(parents=True, exist_ok=True)
        for path, text in made.items():
            path.write_text(text)
        return
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    stale += [path for path in SCRIPT.glob("*") if path not in made]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is not what Scripts/boundary.py makes of Sources", file=sys.stderr)
    sys.exit(1 if stale else 0)


main()
