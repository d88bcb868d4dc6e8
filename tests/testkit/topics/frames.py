"""Frames and blobs that are authentic and wrong: content that the index does not describe."""

from case import Case
from encode import CONFIG, LAYER, MANIFEST, Bundle, sha256
from zstd_frames import (
    COMPRESSED,
    COMPRESSED_CHECKSUM,
    COMPRESSED_NO_SIZE,
    MAGIC,
    RESERVED,
    RLE,
    TEXT,
    block,
    frame,
    repeated,
    skippable,
)


def frame_case(name, comment, stored, plain_len=len(TEXT), content=TEXT, **options):
    """One blob that fills one compressed frame."""
    bundle = Bundle(f"frame-{name}", **options)
    number = bundle.frame(content, stored, plain_len)
    bundle.blob(content[:plain_len].ljust(plain_len, b"?"), LAYER, [[number, 0, plain_len]])
    return Case("BUNDLE-09", comment, bundle)


def frames():
    yield frame_case("longer", "a frame that decodes to a byte more", COMPRESSED, len(TEXT) - 1)
    yield frame_case("shorter", "a frame that decodes to a byte less", COMPRESSED, len(TEXT) + 1)
    yield frame_case("longer-no-size", "the same, its size not declared", COMPRESSED_NO_SIZE, len(TEXT) - 1)
    yield frame_case("shorter-no-size", "the same, its size not declared", COMPRESSED_NO_SIZE, len(TEXT) + 1)
    yield frame_case("shorter-by-far", "1,590 bytes where the index says 16 MiB", COMPRESSED, 16 << 20)
    yield frame_case("bomb", "64 MiB where the index says 3 KiB", repeated(b"!", 64 << 20), 3 << 10)
    yield frame_case(
        "bomb-lies", "64 MiB, 3 KiB declared and in the index", repeated(b"!", 64 << 20, 3 << 10), 3 << 10
    )
    yield frame_case(
        "declares-less",
        "the frame declares a byte less than it holds",
        frame(b"", size=999, blocks=block(RLE, 1000, b"z", True)),
        1000,
        b"z" * 1000,
    )
    yield frame_case(
        "declares-more",
        "the frame declares a byte more than it holds",
        frame(b"", size=1000, blocks=block(RLE, 999, b"z", True)),
        1000,
        b"z" * 1000,
    )
    yield frame_case("not-zstd", "stored content that is said to be compressed", TEXT)
    yield frame_case("zeros", "zeros that are said to be compressed", bytes(200))
    yield frame_case("cut", "the last byte is missing", COMPRESSED[:-1])
    yield frame_case("only-magic", "nothing but the magic", MAGIC)
    yield frame_case("one-byte", "one byte", MAGIC[:1])
    yield frame_case("byte-behind", "a byte behind the zstd frame", COMPRESSED + b"\0")
    yield frame_case("frame-behind", "an empty zstd frame behind the zstd frame", COMPRESSED + frame(b""))
    yield frame_case(
        "two-halves",
        "two zstd frames that together make the content",
        repeated(b"z", 500) + repeated(b"z", 500),
        1000,
        b"z" * 1000,
    )
    yield frame_case(
        "skippable-before", "a skippable frame before the zstd frame", skippable(b"x") + COMPRESSED
    )
    yield frame_case(
        "skippable-behind", "a skippable frame behind the zstd frame", COMPRESSED + skippable(b"x")
    )
    yield frame_case("skippable-only", "a skippable frame alone", skippable(b"x" * 100))
    yield frame_case(
        "dictionary",
        "a dictionary is needed",
        frame(b"", len(TEXT), dictionary=7, blocks=block(RLE, len(TEXT), b"z", True)),
        content=b"z" * len(TEXT),
    )
    yield frame_case(
        "block-reserved",
        "a block of the reserved type",
        frame(b"", len(TEXT), blocks=block(RESERVED, 4, b"abcd", True)),
    )
    yield frame_case(
        "no-last-block",
        "no block is the last",
        frame(b"", 1000, blocks=block(RLE, 1000, b"z", False)),
        1000,
        b"z" * 1000,
    )
    yield frame_case("checksum-wrong", "zstd's own checksum is wrong", COMPRESSED_CHECKSUM[:-1] + b"\0")
    yield frame_case(
        "checksum-missing", "zstd's own checksum is announced and missing", COMPRESSED_CHECKSUM[:-4]
    )
    yield frame_case(
        "entropy-damaged",
        "entropy tables that do not decode",
        COMPRESSED[:12] + b"\xff" * 8 + COMPRESSED[20:],
    )

    yield frame_case(
        "window-over",
        "no size declared, and a window of 4 GiB",
        frame(b"", window=0xB0, blocks=block(RLE, 1000, b"z", True)),
        1000,
        b"z" * 1000,
    )

    unused = Bundle("frame-unused-wrong")
    unused.blob(b"a blob")
    unused.frame(TEXT, b"z" * 100)
    yield Case("BUNDLE-09", "a frame that no blob uses does not decode", unused)
    partly = Bundle("frame-unused-part-wrong")
    number = partly.frame(TEXT, COMPRESSED, len(TEXT) + 1)
    partly.blob(TEXT[:10], extents=[[number, 0, 10]])
    yield Case("BUNDLE-09", "a frame is shorter than the index says, behind the part that is used", partly)


def without_digest(name, comment, content, digest_of, media_type=LAYER):
    """A blob, in no image, whose content is not what its digest says."""
    bundle = Bundle(f"blob-{name}")
    number = bundle.frame(content)
    entry = {
        "digest": "sha256:" + sha256(digest_of).hex(),
        "size": len(content),
        "media_type": media_type,
        "extents": [[number, 0, len(content)]],
    }
    bundle.blobs[entry["digest"]] = entry
    return Case("INTEGRITY-02", comment, bundle)


def image_part(name, comment, media_type):
    """One bit of the content of the blob of this type, before sealing."""
    bundle = Bundle(f"blob-{name}")
    bundle.image(bundle.manifest([bundle.blob(b"a layer" * 9, LAYER)]), "docker.io/library/a:1")
    number, offset, size = next(
        blob["extents"][0] for blob in bundle.blobs.values() if blob["media_type"] == media_type
    )
    at = sum(frame[1] for frame in bundle.frames[:number]) + offset + size // 2
    bundle.stored = bundle.stored[:at] + bytes([bundle.stored[at] ^ 1]) + bundle.stored[at + 1 :]
    return Case("INTEGRITY-02", comment, bundle)


def blobs():
    yield without_digest("one-bit", "one bit of a blob that no image has", b"a blob", b"a blnb")
    yield without_digest("of-another", "the content of another blob", b"one", b"two")
    bundle = Bundle("blob-empty-wrong-digest")
    bundle.blobs["sha256:" + "0" * 64] = {
        "digest": "sha256:" + "0" * 64,
        "size": 0,
        "media_type": "",
        "extents": [],
    }
    yield Case("INTEGRITY-02", "an empty blob with a digest that is not that of nothing", bundle)
    yield image_part("layer-altered", "one bit of a layer, sealed so", LAYER)
    yield image_part("config-altered", "one bit of a config, sealed so", CONFIG)
    yield image_part("manifest-altered", "one bit of a manifest, sealed so", MANIFEST)
    order = Bundle("blob-runs-swapped")
    number = order.frame(b"0123456789")
    order.blob(b"0123456789", extents=[[number, 5, 5], [number, 0, 5]])
    yield Case("INTEGRITY-02", "two runs in the wrong order", order)
    moved = Bundle("blob-run-moved")
    number = moved.frame(b"0123456789")
    moved.blob(b"01234", extents=[[number, 1, 5]])
    yield Case("INTEGRITY-02", "a run that begins a byte late", moved)
    wrong_frame = Bundle("blob-run-of-another-frame")
    one = wrong_frame.frame(b"0123456789")
    two = wrong_frame.frame(b"abcdefghij")
    wrong_frame.blob(b"01234abcde", extents=[[one, 0, 5], [one, 0, 5]])
    wrong_frame.blob(b"abcdefghij", extents=[[two, 0, 10]])
    yield Case("INTEGRITY-02", "a run of another frame", wrong_frame)
    second = Bundle("blob-second-of-two")
    second.blob(b"the first is right")
    number = second.frame(b"the second is not")
    second.blob(b"the sec0nd is not", extents=[[number, 0, 17]])
    yield Case("INTEGRITY-02", "one of two blobs is wrong", second)


def cases():
    yield from frames()
    yield from blobs()
