"""An index that is authentic and cannot be read: its JSON, and the zstd frame around it. §4.2."""

from case import bad
from zstd_frames import MAGIC, RAW, RESERVED, RLE, block, frame, repeated, skippable


def text():
    def case(name, comment, change):
        return bad("BUNDLE-09", f"json-{name}", comment, json=change)

    yield case("empty", "no text", lambda _: b"")
    yield case("blank", "white space alone", lambda _: b" \n" * 50)
    yield case("null", "null", lambda _: b"null")
    yield case("list", "an empty list", lambda _: b"[]")
    yield case("cut", "the last brace is missing", lambda text: text[:-1])
    yield case("two-documents", "a second document behind the first", lambda text: text + b"{}")
    yield case("nul-behind", "a NUL behind the document", lambda text: text + b"\0")
    yield case("comma-behind", "a comma behind the last member", lambda text: text[:-1] + b",}")
    yield case("comment", "a comment", lambda text: text + b" // end")
    yield case("byte-order-mark", "a byte order mark", lambda text: b"\xef\xbb\xbf" + text)
    yield case("utf-16", "UTF-16", lambda text: text.decode().encode("utf-16-le"))
    yield case(
        "not-utf-8", "a byte that is not UTF-8 in a name", lambda text: text.replace(b"sample", b"s\xffmple")
    )
    yield case(
        "not-utf-8-unknown-member",
        "a byte that is not UTF-8 in a member that is ignored",
        lambda text: text[:-1] + b',"x":"\xff"}',
    )
    yield case(
        "control-in-text",
        "a line end in a text, not escaped",
        lambda text: text.replace(b"testkit", b"test\nkit"),
    )
    yield case("single-quotes", "single quotes", lambda text: text.replace(b'"', b"'"))
    yield case("twice-same", "a member twice with one value", lambda text: text[:-1] + b',"tool":"testkit"}')
    yield case("twice-unknown", "an unknown member twice", lambda text: text[:-1] + b',"x":1,"x":2}')
    yield case(
        "twice-nested",
        "a member twice, deep in an unknown one",
        lambda text: text[:-1] + b',"x":[{"y":{"z":1,"z":1}}]}',
    )
    yield case(
        "twice-escaped", "a member twice, once escaped", lambda text: text[:-1] + rb',"too\u006c":"x"}'
    )
    yield case(
        "twice-in-blob",
        "a blob with two sizes",
        lambda text: text.replace(b'"size":400,', b'"size":400,"size":400,', 1),
    )
    yield case(
        "number-minus-zero",
        "a number with a sign: -0",
        lambda text: text.replace(b"[[0,0,400]]", b"[[0,-0,400]]"),
    )
    yield case(
        "number-plus", "a number with a plus sign", lambda text: text.replace(b"[[0,0,400]]", b"[[0,+0,400]]")
    )
    yield case(
        "number-leading-zero",
        "a number with a leading zero",
        lambda text: text.replace(b"[[0,0,400]]", b"[[0,00,400]]"),
    )
    yield case(
        "number-exponent",
        "a number with an exponent",
        lambda text: text.replace(b"[[0,0,400]]", b"[[0,0,4e2]]"),
    )
    yield case(
        "surrogate-unknown-member",
        "half of a surrogate pair in an ignored member",
        lambda text: text[:-1] + rb',"x":"\ud800"}',
    )
    yield case("number-nan", "NaN in an ignored member", lambda text: text[:-1] + b',"x":NaN}')
    yield case(
        "number-infinity", "Infinity in an ignored member", lambda text: text[:-1] + b',"x":-Infinity}'
    )
    deep = [block(RLE, 100_000, each, False) for each in (b"[", b"]")]
    yield bad(
        "BUNDLE-09",
        "json-deep",
        "100,000 lists in lists, in an ignored member",
        index_bytes=lambda _, text: frame(
            b"",
            len(text) + 200_005,
            blocks=block(RAW, len(text) + 4, text[:-1] + b',"x":', False)
            + b"".join(deep)
            + block(RAW, 1, b"}", True),
        ),
    )


def packed():
    def case(name, comment, change):
        return bad("BUNDLE-09", f"index-zstd-{name}", comment, index_bytes=change)

    yield case("not", "the index is not compressed", lambda _, text: text)
    yield case("no-size", "the size is not declared", lambda _, text: frame(text, window=0x50))
    yield case(
        "size-short", "the declared size is a byte too small", lambda _, text: frame(text, size=len(text) - 1)
    )
    yield case(
        "size-long", "the declared size is a byte too large", lambda _, text: frame(text, size=len(text) + 1)
    )
    yield case("size-zero", "the declared size is 0", lambda _, text: frame(text, size=0))
    yield case(
        "size-over-limit",
        "a byte more than 256 MiB is declared",
        lambda _, text: frame(text, size=(256 << 20) + 1),
    )
    yield case("bomb", "257 MiB of spaces, truly declared", lambda *_: repeated(b" ", 257 << 20))
    yield case(
        "bomb-hidden", "32 MiB of spaces, 100 bytes declared", lambda *_: repeated(b" ", 32 << 20, 100)
    )
    yield case("cut", "the last byte is missing", lambda old, _: old[:-1])
    yield case("only-header", "a frame header and no block", lambda old, _: old[:9])
    yield case("byte-behind", "a byte behind the frame", lambda old, _: old + b"\0")
    yield case("frame-behind", "an empty frame behind the frame", lambda old, _: old + frame(b""))
    yield case("two-halves", "the text in two frames", lambda _, text: frame(text[:99]) + frame(text[99:]))
    yield case("skippable-before", "a skippable frame before the frame", lambda old, _: skippable(b"x") + old)
    yield case("skippable-behind", "a skippable frame behind the frame", lambda old, _: old + skippable(b"x"))
    yield case("skippable-only", "a skippable frame alone", lambda _, text: skippable(text))
    yield case("dictionary", "a dictionary is needed", lambda _, text: frame(text, dictionary=7))
    yield case("magic", "another magic number", lambda old, _: b"\x27" + old[1:])
    yield case(
        "block-reserved",
        "a block of the reserved type",
        lambda _, text: frame(text, blocks=block(RESERVED, 4, b"abcd", True)),
    )
    yield case(
        "no-last-block",
        "no block is the last",
        lambda _, text: frame(text, blocks=block(RAW, len(text), text, False)),
    )
    yield case(
        "reserved-bit",
        "the reserved bit of the descriptor",
        lambda old, _: MAGIC + bytes([old[4] | 8]) + old[5:],
    )
    yield case("empty", "a frame of no content", lambda *_: frame(b""))
    yield case("zeros", "zeros", lambda old, _: bytes(len(old)))


def cases():
    yield from text()
    yield from packed()
