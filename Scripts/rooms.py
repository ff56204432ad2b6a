#!/usr/bin/env python3
"""Checks the structure of Sources against Scripts/rooms.json: who may know whom, and how long things may be.

    rooms.py               prints what breaks the rules; the exit status is 1 if anything does
    rooms.py --map         prints the rooms of each target, and which room names what of which other one
    rooms.py --root DIR    checks another checkout by the rules that lie in it

A room is a folder Sources/Target/Folder with everything below it. The files that lie directly in a target are its room "/".
Room A knows room B when a file of A names a type, or calls a free function, that B declares. Names are looked up as Swift
does it: in the enclosing types first, then in the target. Members behind a dot are not seen, nor is what is inherited.

The rules: a target imports only what its list names. Each target lists its rooms in layers, the lowest first; a room knows
rooms of lower layers alone, neither its own layer's nor those above. An exception names one arrow and its reason, and is
itself an error once the arrow is gone. No file and no function is longer than the limits.
"""
import argparse
import json
import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

TYPE_KEYWORDS = {"struct", "class", "enum", "protocol", "actor", "extension", "typealias", "associatedtype"}
BODY_KEYWORDS = {"func", "init", "deinit", "subscript", "var"}
MODIFIERS_BEFORE_MEMBER = {"func", "var", "let", "init", "subscript", "override", "final", "class"}


# -- Reading Swift

LITERAL_START = re.compile(r'//|/\*|(#*)("""|")')


def without_literals(text, at=0, closing=None):
    """The code of `text` from `at`: no comments, no strings; what strings interpolate stays, and so does every line break.

    With `closing`, stops behind the parenthesis that closes an interpolation. Returns the code and where it stopped."""
    code, depth = [], 0
    while at < len(text):
        start = LITERAL_START.match(text, at)
        if start and start.group() == "//":
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        elif start and start.group() == "/*":
            end = comment_end(text, at)
            code.append("\n" * text.count("\n", at, end))
            at = end
        elif start:
            piece, at = string_code(text, start)
            code.append(piece)
        else:
            character = text[at]
            at += 1
            if closing:
                depth += (character == "(") - (character == ")")
                if depth < 0:
                    break
            code.append(character)
    return "".join(code), at


def comment_end(text, at):
    """Behind a block comment, which may hold others."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def string_code(text, start):
    """The code inside a string literal, an empty literal around it, and where the literal ends."""
    hashes, quote = start.group(1), start.group(2)
    at, code = start.end(), ['"']
    escape = "\\" + hashes
    while at < len(text):
        if text.startswith(quote + hashes, at):
            return "".join(code) + '"', at + len(quote + hashes)
        if text.startswith(escape + "(", at):
            piece, at = without_literals(text, at + len(escape) + 1, closing=True)
            code.append(" " + piece + " ")
        elif text.startswith(escape, at):
            at += len(escape) + 1
        else:
            if text[at] == "\n":
                code.append("\n")
            at += 1
    return "".join(code) + '"', at


TOKEN = re.compile(r"(?P<member>(?<![.\w])\.\s*|(?<=\w)\.\s*|(?<=[)\]?!>}])\.\s*)?(?P<word>[A-Za-z_]\w*)|(?P<mark>[{}()])")


class Scope:
    """An open brace: of a type with its path, or of code. `function` is the title of what is measured, with its first line."""

    def __init__(self, path, function=None, line=0):
        self.path, self.function, self.line = path, function, line


class SourceFile:
    """What one file declares, names and imports."""

    def __init__(self, name, target, room, text):
        self.name, self.target, self.room = name, target, room
        self.lines = text.count("\n")
        self.imports, self.uses, self.functions = [], set(), []
        self.declared, self.own = set(), set()  # paths of types and functions: for the target, for this file alone
        self.members = set()  # functions that belong to a type, whose calls look like those of free functions
        self.read(without_literals(text)[0].replace("`", ""))

    def read(self, code):
        breaks = [match.start() for match in re.finditer("\n", code)]
        scopes, waiting, parens, line, words = [Scope(())], None, 0, 0, []
        tokens = list(TOKEN.finditer(code))
        skip_until = 0
        for token in tokens:
            while line < len(breaks) and breaks[line] < token.start():
                line += 1
            mark, word = token["mark"], token["word"]
            if mark == "{":
                opens = waiting if waiting and waiting[0] == parens else None
                scopes.append(opens[1] if opens else Scope(scopes[-1].path))
                waiting = None if opens else waiting
            elif mark == "}":
                scope = scopes.pop() if len(scopes) > 1 else scopes[0]
                if scope.function:
                    self.functions.append((line - scope.line + 1, scope.function, scope.line + 1))
                # A closure among a function's parameters ends before the body that is waited for.
                waiting = waiting if waiting and waiting[0] < parens else None
            elif mark:
                parens += 1 if mark == "(" else -1
            elif token.start() >= skip_until:
                waiting, skip_until = self.read_word(code, token, scopes, waiting, parens, line, words)
            if word:
                words.append(word)

    def read_word(self, code, token, scopes, waiting, parens, line, words):
        word, scope, end = token["word"], scopes[-1], token.end()
        if token["member"]:
            return waiting, 0
        if word == "import":
            found = re.compile(r"\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)[^\n]*").match(code, end)
            self.imports.append((found[1], line + 1))
            return waiting, found.end()
        if word in TYPE_KEYWORDS:
            found = re.compile(r"\s+(\w+(?:\s*\.\s*\w+)*)").match(code, end)
            if found and found[1] not in MODIFIERS_BEFORE_MEMBER:
                return self.declare_type(word, found, scope, parens, line, words), found.end()
        elif word in BODY_KEYWORDS:
            found = re.compile(r"\s+(\w+)").match(code, end) if word in ("func", "var") else None
            name = found[1] if found else word
            if word == "func" and not scope.path and len(scopes) == 1:
                (self.own if is_private(words) else self.declared).add((name + "()",))
            elif word == "func":
                self.members.add(name + "()")
            return (parens, Scope(scope.path, ".".join(scope.path + (name,)), line)), found.end() if found else 0
        elif word[0].isupper():
            chain = re.compile(r"(?:\s*\.\s*[A-Z]\w*)*").match(code, end)[0]
            self.uses.add((scope.path if not waiting else waiting[1].path, (word, *re.findall(r"\w+", chain))))
        elif code.startswith("(", end):
            self.uses.add(((), (word + "()",)))
        return waiting, 0

    def declare_type(self, keyword, found, scope, parens, line, words):
        path = scope.path + tuple(re.findall(r"\w+", found[1]))
        if keyword == "extension":
            self.uses.add(((), path))
        else:
            (self.own if is_private(words) or scope.path in self.own else self.declared).add(path)
        if keyword in ("typealias", "associatedtype"):
            return None
        return parens, Scope(path)


def is_private(words):
    """Whether the declaration that follows these words is for its file alone."""
    modifiers = {"private", "fileprivate", "final", "indirect", "static", "mutating", "package", "public", "nonisolated"}
    for word in reversed(words[-4:]):
        if word in ("private", "fileprivate"):
            return True
        if word not in modifiers:
            return False
    return False


# -- The package

class Package:
    def __init__(self, root):
        self.files = []
        for path in sorted((root / "Sources").rglob("*.swift")):
            parts = path.relative_to(root / "Sources").parts
            if parts[0] == "System" or len(parts) < 2:
                continue
            room = parts[1] if len(parts) > 2 else "/"
            self.files.append(SourceFile(str(path.relative_to(root)), parts[0], room, path.read_text()))
        self.targets = sorted({file.target for file in self.files})
        # Where a path is declared: target and path -> rooms.
        self.homes = defaultdict(set)
        members = defaultdict(set)
        for file in self.files:
            members[file.target] |= file.members
            for path in file.declared:
                self.homes[file.target, path].add(file.room)
        # Arrows: target, room, known room -> {name: files}.
        self.arrows = defaultdict(lambda: defaultdict(set))
        for file in self.files:
            for context, chain in file.uses:
                if chain[0] not in members[file.target]:
                    self.resolve(file, context, chain)

    def resolve(self, file, context, chain):
        """Notes what rooms a chain of names such as `A.B` leads to: those of A, or of A.B where that is known."""
        for depth in range(len(context), -1, -1):
            path = context[:depth] + chain[:1]
            if path in file.own:
                return
            if rooms := self.homes.get((file.target, path)):
                break
        else:
            return
        for name in chain[1:]:
            path += (name,)
            rooms = self.homes.get((file.target, path), rooms)
        if file.room not in rooms:
            for room in rooms:
                self.arrows[file.target, file.room, room][".".join(path)].add(file.name)

    def rooms(self, target):
        return sorted({file.room for file in self.files if file.target == target})


# -- Judging

def violations(package, rules):
    return [
        *wrong_imports(package, rules["targets"]), *wrong_arrows(package, rules), *long_things(package, rules["limits"]),
        *(f"Scripts/rooms.json: there is no target {name}" for name in rules["targets"] if name not in package.targets)]


def wrong_imports(package, targets):
    for file in package.files:
        if file.target not in targets:
            yield f"{file.name}: Scripts/rooms.json does not say what {file.target} may import"
            continue
        for module, line in file.imports:
            if module not in targets[file.target]["imports"]:
                yield f"{file.name}:{line}: {file.target} may not import {module}"


def wrong_arrows(package, rules):
    exceptions = {(one["target"], one["from"], one["to"]): one["because"] for one in rules["exceptions"]}
    for target in package.targets:
        layers = rules["targets"].get(target, {}).get("layers", [])
        height = {room: level for level, layer in enumerate(layers) for room in layer}
        for room in package.rooms(target):
            if layers and room not in height:
                yield f"Sources/{target}/{room}: Scripts/rooms.json does not say in which layer this room is"
        for (owner, room, known), names in sorted(package.arrows.items()):
            if owner != target or exceptions.pop((owner, room, known), None) or not layers:
                continue
            if height.get(room, 0) <= height.get(known, 0):
                where = sorted({name for files in names.values() for name in files})
                yield f"{target}: {room} may not know {known}, but names {some(names)} in {some(where)}"
    for (target, room, known) in exceptions:
        yield f"Scripts/rooms.json: {target}/{room} no longer knows {known}; the exception can go"


def long_things(package, limits):
    for file in package.files:
        if file.lines > limits["fileLines"]:
            yield f"{file.name}: {file.lines} lines, at most {limits['fileLines']}"
        for lines, title, line in file.functions:
            if lines > limits["functionLines"]:
                yield f"{file.name}:{line}: {title} has {lines} lines, at most {limits['functionLines']}"


# -- Telling

def some(names, count=6):
    names = sorted(names)
    return ", ".join(names[:count]) + (f" and {len(names) - count} more" if len(names) > count else "")


def summary(package):
    longest = max(package.files, key=lambda file: file.lines)
    median = round(statistics.median(file.lines for file in package.files))
    total = sum(file.lines for file in package.files)
    return f"{len(package.files)} files, {total:,} lines, median {median}, longest {longest.lines} ({longest.name})"


def show_map(package):
    for target in package.targets:
        files = [file for file in package.files if file.target == target]
        print(f"{target}: {len(files)} files, {sum(file.lines for file in files):,} lines")
        for room in package.rooms(target):
            inside = [file for file in files if file.room == room]
            print(f"  {room}: {len(inside)} files, {sum(file.lines for file in inside):,} lines")
            for (owner, known_by, known), names in sorted(package.arrows.items()):
                if (owner, known_by) == (target, room):
                    print(f"    -> {known}: {some(names)}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--map", action="store_true")
    options.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = options.parse_args()
    package = Package(options.root)
    if not package.files:
        sys.exit(f"no Swift files below {options.root}/Sources")
    if options.map:
        show_map(package)
    found = violations(package, json.loads((options.root / "Scripts/rooms.json").read_text()))
    for line in found:
        print(line)
    print(summary(package))
    print(f"{0 if found else 1} passed, {len(found)} failed")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
