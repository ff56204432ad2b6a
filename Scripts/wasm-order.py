#!/usr/bin/env python3
"""wasm-order.py IN OUT: the same Wasm module with its functions in another order, in which gzip finds more to share.

gzip looks back 32 KiB only, so a function goes behind those that it has most in common with, and is then moved wherever that makes all of
them smaller. The most called ones stay in front, where their numbers take one byte. Nothing but numbers and order changes; a module with
names or an instruction unknown here is refused.
"""

import math
import sys
import zlib
from collections import Counter, defaultdict

from wasmbinary import leb, sections

FRONT = 80  # functions that stay in front
NEAR = 5000  # bytes before a function that are looked through for something in common
GRAM = 8  # bytes that count as something in common
CHOICES = 24  # candidates that are compressed to see which fits best
PLACES = 6  # places to which a function may be moved afterwards
ROUNDS = 2  # how often each function is looked at then


def number(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# What follows an opcode: n a number (or a type of one byte), m two of them (alignment and offset), b a byte, 4 and 8 that many bytes.
AFTER = {0x02: "n", 0x03: "n", 0x04: "n", 0x0C: "n", 0x0D: "n", 0x0E: "table", 0x10: "function", 0x11: "nn", 0x1C: "types",
         0x3F: "b", 0x40: "b", 0x41: "n", 0x42: "n", 0x43: "4", 0x44: "8", 0xD0: "b", 0xD2: "function"}
AFTER.update({opcode: "n" for opcode in range(0x20, 0x27)})
AFTER.update({opcode: "nn" for opcode in range(0x28, 0x3F)})
AFTER.update({opcode: "" for opcode in [0x00, 0x01, 0x05, 0x0B, 0x0F, 0x1A, 0x1B, 0xD1, *range(0x45, 0xC5)]})
AFTER_FC = {8: "nb", 9: "n", 10: "bb", 11: "b", 12: "nn", 13: "n", 14: "nn", 15: "n", 16: "n", 17: "n"}
AFTER_FC.update({opcode: "" for opcode in range(8)})


def references(body):
    """Where in a function's body others are named: (start, end, number)."""
    found = []
    groups, at = leb(body, 0)
    for _ in range(groups):
        _, at = leb(body, at)
        at += 1
    while at < len(body):
        opcode = body[at]
        at += 1
        if opcode == 0xFC:
            opcode, at = leb(body, at)
            after = AFTER_FC[opcode]
        else:
            after = AFTER[opcode]
        if after == "function":
            value, end = leb(body, at)
            found.append((at, end, value))
            at = end
        elif after in ("table", "types"):
            count, at = leb(body, at)
            for _ in range(count + (after == "table")):
                _, at = leb(body, at)
        else:
            for kind in after:
                if kind == "n":
                    _, at = leb(body, at)
                else:
                    at += {"b": 1, "4": 4, "8": 8}[kind]
    return found


def renumbered(body, places, new):
    out, at = bytearray(), 0
    for start, end, value in places:
        out += body[at:start]
        out += number(new(value))
        at = end
    return bytes(out + body[at:])


def imported_functions(section):
    count, at = leb(section, 0)
    functions = 0
    for _ in range(count):
        for _ in range(2):
            size, at = leb(section, at)
            at += size
        if section[at] != 0:
            sys.exit("wasm-order: only functions may be imported")
        functions += 1
        _, at = leb(section, at + 1)
    return functions


def in_common(bodies):
    """What each function shares with others: runs of bytes, and what each of those weighs."""
    grams = [{body[at:at + GRAM] for at in range(len(body) - GRAM + 1)} for body in bodies]
    common = Counter(gram for some in grams for gram in some)
    weight = {gram: 1 / math.log2(1 + count) for gram, count in common.items() if 1 < count < 100}
    # Sorted, as sums of floating-point numbers depend on the order, and sets have another one every time.
    return [sorted(gram for gram in some if gram in weight) for some in grams], weight


def price(body, before):
    """How many bytes a function takes behind others."""
    window = b"".join(before)[-32768:]
    coder = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zdict=window) if window else zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return len(coder.compress(body) + coder.flush())


def in_order(bodies, shared, candidates, behind):
    """The candidates, each behind what it has most in common with; `behind` come before them."""
    grams, weight = shared
    holders = defaultdict(set)
    for i in candidates:
        for gram in grams[i]:
            holders[gram].add(i)
    left, order = set(candidates), list(behind)
    while left:
        score, seen, size = Counter(), set(), 0
        for before in reversed(order):
            size += len(bodies[before])
            for gram in grams[before]:
                if gram not in seen:
                    seen.add(gram)
                    for i in holders[gram]:
                        score[i] += weight[gram]
            if size > NEAR:
                break
        near = sorted(score, key=lambda i: (-score[i] / (len(bodies[i]) + 20), i))[:CHOICES] or [max(left, key=lambda i: (len(bodies[i]), -i))]
        before = [bodies[i] for i in order[-400:]]
        best = min(near, key=lambda i: ((price(bodies[i], before) - 6) / len(bodies[i]), i))
        order.append(best)
        left.discard(best)
        for gram in grams[best]:
            holders[gram].discard(best)
    return order[len(behind):]


def moved(bodies, shared, order):
    """The order with functions moved behind others that they have much in common with, wherever all are smaller by it."""
    grams, weight = shared
    holders = defaultdict(list)
    for i in order:
        for gram in grams[i]:
            holders[gram].append(i)

    def near(i):
        score = Counter()
        for gram in grams[i]:
            for other in holders[gram]:
                score[other] += weight[gram]
        del score[i]
        return sorted(score, key=lambda other: (-score[other], other))[:PLACES]

    def size(order):
        return price(b"".join(bodies[i] for i in order), [])

    def price_at(i, order, at):
        return price(bodies[i], [bodies[before] for before in order[max(0, at - 400):at]])

    smallest = size(order)
    for i in sorted(order[FRONT:], key=lambda i: (-len(bodies[i]), i)) * ROUNDS:
        at = order.index(i)
        rest = order[:at] + order[at + 1:]
        places = [place for place in (rest.index(other) + 1 for other in near(i)) if place >= FRONT and place != at]
        place = min(places, key=lambda place: price_at(i, rest, place), default=at)
        if place == at or price_at(i, rest, place) > price_at(i, rest, at):
            continue
        other = rest[:place] + [i] + rest[place:]
        if (now := size(other)) < smallest:
            smallest, order = now, other
    return order


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    parts = [(kind, data[start:end]) for kind, start, end in sections(data)]
    imported = next((imported_functions(section) for kind, section in parts if kind == 2), 0)
    code = next(section for kind, section in parts if kind == 10)
    count, at = leb(code, 0)
    bodies = []
    for _ in range(count):
        size, at = leb(code, at)
        bodies.append(code[at:at + size])
        at += size
    places = [references(body) for body in bodies]

    calls = Counter(value - imported for found in places for _, _, value in found if value >= imported)
    front = sorted(range(count), key=lambda i: (-calls[i], i))[:FRONT]
    # A call's number changes with the order, so it does not count as something in common.
    bare = [renumbered(body, found, lambda value: 0) for body, found in zip(bodies, places)]
    shared = in_common(bare)
    order = in_order(bare, shared, front, [])
    order += in_order(bare, shared, sorted(set(range(count)) - set(front)), order)
    order = moved(bare, shared, order)
    place = {old: new for new, old in enumerate(order)}

    def new(value):
        return value if value < imported else place[value - imported] + imported

    out = bytearray(data[:8])
    for kind, section in parts:
        if kind == 0 and section[:5] == b"\x04name":
            sys.exit("wasm-order: the names would be wrong")
        if kind == 3:
            _, at = leb(section, 0)
            types = []
            for _ in range(count):
                value, at = leb(section, at)
                types.append(value)
            section = number(count) + b"".join(number(types[i]) for i in order)
        elif kind == 7:
            exports, at = leb(section, 0)
            rest = bytearray(number(exports))
            for _ in range(exports):
                size, after = leb(section, at)
                what = section[after + size]
                value, end = leb(section, after + size + 1)
                rest += section[at:after + size + 1] + number(new(value) if what == 0 else value)
                at = end
            section = bytes(rest)
        elif kind == 8:
            section = number(new(leb(section, 0)[0]))
        elif kind == 9:
            segments, at = leb(section, 0)
            rest = bytearray(number(segments))
            for _ in range(segments):
                if section[at:at + 2] != b"\x00\x41":
                    sys.exit("wasm-order: only elements of table 0 at a constant place")
                _, after = leb(section, at + 2)
                functions, end = leb(section, after + 1)
                rest += section[at:end]
                for _ in range(functions):
                    value, end = leb(section, end)
                    rest += number(new(value))
                at = end
            section = bytes(rest)
        elif kind == 10:
            final = [renumbered(bodies[i], places[i], new) for i in order]
            section = number(count) + b"".join(number(len(body)) + body for body in final)
        out += bytes([kind]) + number(len(section)) + section
    with open(sys.argv[2], "wb") as file:
        file.write(out)


main()
