"""The frame of a Wasm module's binary form: numbers and sections."""


def leb(data, at):
    """An unsigned number (LEB128) and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def sections(data):
    """Of each section: its kind, where its content starts, and where it ends."""
    at = 8
    while at < len(data):
        kind = data[at]
        size, start = leb(data, at + 1)
        at = start + size
        yield kind, start, at
