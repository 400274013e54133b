"""HP-canon: the strict subset of MessagePack in trust.md."""
import hashlib
import math
import struct


class Bad(Exception):
    """Bytes that are not what they must be."""


def pack(value):
    if value is None:
        return b"\xc0"
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return pack_int(value)
    if isinstance(value, float) and math.isfinite(value):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode()
        return head(len(raw), (0xA0, 31), (0xD9, 0xDA, 0xDB)) + raw
    if isinstance(value, bytes):
        return head(len(value), None, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, list):
        return head(len(value), (0x90, 15), (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    if isinstance(value, dict):
        items = sorted((key.encode(), item) for key, item in value.items())
        return head(len(items), (0x80, 15), (None, 0xDE, 0xDF)) + b"".join(
            pack(key.decode()) + pack(item) for key, item in items)
    raise Bad(f"no encoding for {type(value).__name__}")


def pack_int(value):
    for low, high, form in ((0, 0x7F, ">B"), (-32, -1, ">b"), (0, 0xFF, "\xcc>B"), (0, 0xFFFF, "\xcd>H"),
                            (0, 0xFFFFFFFF, "\xce>I"), (0, 2**64 - 1, "\xcf>Q"), (-0x80, -1, "\xd0>b"),
                            (-0x8000, -1, "\xd1>h"), (-(2**31), -1, "\xd2>i"), (-(2**63), -1, "\xd3>q")):
        if low <= value <= high:
            mark, _, code = form.rpartition(">")
            return mark.encode("latin-1") + struct.pack(">" + code, value)
    raise Bad("integer out of range")


def head(count, short, marks):
    if short and count <= short[1]:
        return bytes([short[0] | count])
    for mark, form, most in zip(marks, (">B", ">H", ">I"), (0xFF, 0xFFFF, 0xFFFFFFFF)):
        if mark is not None and count <= most:
            return bytes([mark]) + struct.pack(form, count)
    raise Bad("too long")


class Reader:
    FIXED = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
             0xCB: ">d"}
    LONG = {0xC4: (">B", "bin"), 0xC5: (">H", "bin"), 0xC6: (">I", "bin"), 0xD9: (">B", "str"), 0xDA: (">H", "str"),
            0xDB: (">I", "str"), 0xDC: (">H", "list"), 0xDD: (">I", "list"), 0xDE: (">H", "map"), 0xDF: (">I", "map")}

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Bad("cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self, depth=0):
        if depth > 16:
            raise Bad("too deep")
        mark = self.take(1)[0]
        if mark <= 0x7F:
            return mark
        if mark >= 0xE0:
            return mark - 0x100
        if mark in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[mark]
        if mark in self.FIXED:
            return self.number(self.FIXED[mark])
        if mark in self.LONG:
            form, kind = self.LONG[mark]
            return self.sized(kind, self.number(form), depth)
        for base, mask, kind in ((0xA0, 0x1F, "str"), (0x90, 0x0F, "list"), (0x80, 0x0F, "map")):
            if mark & ~mask == base:
                return self.sized(kind, mark & mask, depth)
        raise Bad(f"mark {mark:#04x}")

    def sized(self, kind, count, depth):
        if kind == "bin":
            return self.take(count)
        if kind == "str":
            return self.take(count).decode()
        if count > len(self.data) - self.at:
            raise Bad("cut short")
        if kind == "list":
            return [self.value(depth + 1) for _ in range(count)]
        pairs = [(self.value(depth + 1), self.value(depth + 1)) for _ in range(count)]
        if not all(isinstance(key, str) for key, _ in pairs):
            raise Bad("a key that is no string")
        return dict(pairs)


def unpack(data):
    """Decodes canonical bytes and nothing else: what encodes to other bytes was not canonical."""
    reader = Reader(data)
    try:
        value = reader.value()
        same = reader.at == len(data) and pack(value) == data
    except UnicodeDecodeError:
        raise Bad("text that is not UTF-8") from None
    if not same:
        raise Bad("not canonical")
    return value


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
