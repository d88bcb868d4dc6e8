"""zstd frames (RFC 8878) made by hand: no library's version decides over a single byte of a case.

`COMPRESSED` are the few frames with entropy-coded blocks, which only a compressor makes.
"""

MAGIC = b"\x28\xb5\x2f\xfd"
RAW, RLE, MATCH, RESERVED = 0, 1, 2, 3
MAX_BLOCK = 128 << 10

# What the reference compressor (1.5.7, level 19) makes of TEXT: with a content size, with a checksum too, and
# with neither.
TEXT = b"".join(b"Line %d of a text that compresses well.\n" % n for n in range(40))
COMPRESSED = bytes.fromhex(
    "28b52ffd60360575030002c51011907d405d9874a01ea3a01ba1a05c5fc10c2aa1630a192f884ae89842c68ba1123aa6"
    "90f1af123aa690f12048e9b46387b1bb76d6e699c1ec79bbeccc5f75e18ec61528a811c0b7ff67e035ab01113404ffff"
    "0e21e9074092c59040d18000ad4dc55f226f7e0c57abac02"
)
COMPRESSED_CHECKSUM = bytes.fromhex(
    "28b52ffd64360575030002c51011907d405d9874a01ea3a01ba1a05c5fc10c2aa1630a192f884ae89842c68ba1123aa6"
    "90f1af123aa690f12048e9b46387b1bb76d6e699c1ec79bbeccc5f75e18ec61528a811c0b7ff67e035ab01113404ffff"
    "0e21e9074092c59040d18000ad4dc55f226f7e0c57abac029ae5d9b3"
)
COMPRESSED_NO_SIZE = bytes.fromhex(
    "28b52ffd000875030002c51011907d405d9874a01ea3a01ba1a05c5fc10c2aa1630a192f884ae89842c68ba1123aa690"
    "f1af123aa690f12048e9b46387b1bb76d6e699c1ec79bbeccc5f75e18ec61528a811c0b7ff67e035ab01113404ffff0e"
    "21e9074092c59040d18000ad4dc55f226f7e0c57abac02"
)


def block(kind, size, body, last):
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + body


def frame(content, size=None, window=None, dictionary=None, blocks=None):
    """A frame of raw blocks that declares `size` bytes, by default the true number.

    With `window` (a descriptor byte, RFC 8878 §3.1.1.1.2) it declares none. `blocks` stands in for the blocks.
    """
    if window is None:
        described = bytes([0xA0 | (dictionary is not None)])
        declared = (len(content) if size is None else size).to_bytes(4, "little")
    else:
        described, declared = bytes([dictionary is not None, window]), b""
    if blocks is None:
        cuts = [content[at : at + MAX_BLOCK] for at in range(0, len(content), MAX_BLOCK)] or [b""]
        blocks = b"".join(block(RAW, len(cut), cut, cut is cuts[-1]) for cut in cuts)
    return MAGIC + described + bytes([] if dictionary is None else [dictionary]) + declared + blocks


def repeated(byte, size, declared=None):
    """A frame of run-length blocks: `size` times `byte`, in four bytes for each 128 KiB."""
    sizes = [MAX_BLOCK] * (size // MAX_BLOCK) + [size % MAX_BLOCK] * (size % MAX_BLOCK > 0)
    blocks = [block(RLE, each, byte, at == len(sizes)) for at, each in enumerate(sizes, 1)]
    return frame(b"", size=size if declared is None else declared, blocks=b"".join(blocks))


def repeating(before, pattern, times, after):
    """A frame of `before`, then `pattern` so many times, then `after`."""
    parts, left = [block(RAW, len(before) + len(pattern), before + pattern, False)], len(pattern) * (
        times - 1
    )
    # An offset code of n bits stands for 2^n and n bits more; the three lowest values mean repeated offsets.
    offset = len(pattern) + 3
    offset_bits = offset.bit_length() - 1
    while left:
        size = min(left, MAX_BLOCK)
        left -= size
        # The codes 43 to 52 of a match length stand for 2^n + 3 and n bits more, n from 7 to 16.
        length_bits = (size - 3).bit_length() - 1
        assert length_bits >= 7, "short matches have other codes"
        # One sequence and no literals, its three codes given once each (RFC 8878 §3.1.1.3): no literals before
        # it, offset, match length. The bits are read from the end, where a 1 marks the first.
        bits = (1 << offset_bits | offset - (1 << offset_bits)) << length_bits | size - 3 - (1 << length_bits)
        body = bytes([0, 1, 0x54, 0, offset_bits, length_bits + 36])
        body += bits.to_bytes(bits.bit_length() // 8 + 1, "little")
        parts.append(block(MATCH, len(body), body, False))
    parts.append(block(RAW, len(after), after, True))
    return frame(b"", len(before) + len(pattern) * times + len(after), blocks=b"".join(parts))


def skippable(content):
    return b"\x50\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
