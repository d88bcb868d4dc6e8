"""Right bundles of every shape: records, volumes, frames across their borders."""

import json

from case import Case, good, sample
from encode import LAYER, Bundle
from zstd_frames import RAW, RLE, block, frame

KIB = 1 << 10
RECORD = 64 * KIB


def exactly(name, comment, total, **options):
    """A payload of `total` bytes: spaces behind the JSON fill it up."""
    bundle = sample(name, total - 2 * KIB, **options)
    # Magic, descriptor, declared size and one block header stand before the content of a raw block.
    bundle.changes["json"] = lambda text: text.ljust(total - len(bundle.stored) - 12)
    return Case("ok", comment, bundle)


def ending_at(name, comment, end):
    """Frames that end at payload offset `end`: the index begins there."""
    bundle = Bundle(name)
    target = bundle.manifest([bundle.blob(b"a layer", LAYER)])
    bundle.image(target, "docker.io/library/sample:1")
    bundle.blob(bundle.zeros(end - len(bundle.stored)))
    return Case("ok", comment, bundle)


def in_blocks(_, text):
    raw = [block(RAW, len(half), half, False) for half in (text[:99], text[99:])]
    spaces = [block(RLE, 100_000, b" ", False)] * 3
    return frame(b"", size=len(text) + 300_000, blocks=b"".join(raw + spaces) + block(RAW, 0, b"", True))


def cases():
    yield good("record-one", "one short record, the smallest bundle with an image")
    yield good("record-two", "a frame crosses the border of two records", layer=70 * KIB)
    yield good("record-several", "one frame lies in five records", layer=280 * KIB)
    yield exactly("record-one-full", "the only record is exactly full", RECORD)
    yield exactly("record-last-full", "three records, the last exactly full", 3 * RECORD)
    yield exactly("record-last-one-byte", "the last record holds one byte of the index", 2 * RECORD + 1)
    yield exactly("record-all-but-one-byte", "the only record is one byte short of full", RECORD - 1)
    yield ending_at("record-index-at-border", "the index begins exactly where record 1 begins", RECORD)
    yield ending_at("record-index-across-border", "the index begins 10 bytes before record 1", RECORD - 10)
    yield ending_at(
        "record-frame-ends-before-border", "the last frame ends one byte before record 1", RECORD - 1
    )
    yield good("record-128-kib", "records of 128 KiB", layer=200 * KIB, record_bytes=128 * KIB)
    yield good(
        "record-1-mib", "records of 1 MiB, as Sealift writes them", layer=1100 * KIB, record_bytes=1 << 20
    )
    yield good("record-16-mib", "records of 16 MiB, the largest", record_bytes=16 << 20)
    yield good(
        "record-16-mib-full",
        "a stored frame of 16 MiB fills a record of 16 MiB",
        layer=16 << 20,
        record_bytes=16 << 20,
    )

    yield good("volume-two", "two volumes of two records and one", layer=140 * KIB, volume_records=2)
    yield good("volume-three", "three volumes, a frame in all of them", layer=280 * KIB, volume_records=2)
    yield good(
        "volume-one-record-each",
        "eleven volumes of one record: two digits in a name",
        layer=650 * KIB,
        volume_records=1,
    )
    yield exactly("volume-all-full", "two volumes with two full records each", 4 * RECORD, volume_records=2)
    yield exactly(
        "volume-last-one-byte", "the last volume has one record of one byte", 2 * RECORD + 1, volume_records=2
    )
    yield good(
        "volume-index-in-last",
        "volume 1 holds the layer alone, volume 2 all else",
        layer=2 * RECORD,
        volume_records=2,
    )

    empty = Bundle("bundle-empty")
    yield Case("ok", "no image, no blob, no frame: the payload is the index", empty)
    alone = Bundle("bundle-no-images")
    alone.blob(b"a blob that no image has")
    yield Case("ok", "a blob and no image", alone)
    text = Bundle("bundle-base-root")
    text.image(text.manifest([]), "docker.io/library/sample:1")
    text.changes["core"] = lambda core: core.update(base_root=bytes(range(32)))
    yield Case("ok", "a base root alone is no reason to refuse; the image has no layers", text)
    future = sample("bundle-created-any-text")
    future.changes["index"] = lambda index: index.update(created="yesterday", tool="")
    yield Case("ok", "time and tool are for people: any text will do", future)
    yield good(
        "bundle-index-several-blocks",
        "the index is several zstd blocks, raw ones and run-length ones",
        index_bytes=in_blocks,
    )
    members = sample("bundle-unknown-members")

    def unknown(index):
        index["future"] = {"a": [1, 2.5, None, "\u00e9", -1, 1e300]}
        index["blobs"][0]["origin"] = "x"
        index["images"][0]["trust"] = []

    members.changes["index"] = unknown
    yield Case("ok", "members that a reader does not know are ignored", members)
    order = sample("bundle-members-reordered")
    order.changes["index"] = lambda index: {name: index[name] for name in reversed(index)}
    yield Case("ok", "members in another order", order)
    spaced = sample("bundle-json-spaced")
    spaced.changes["json"] = (
        lambda text: b" \r\n" + json.dumps(json.loads(text), indent="\t").encode() + b"\n\n"
    )
    yield Case("ok", "JSON with white space wherever it may be", spaced)
    escaped = sample("bundle-json-escapes")
    escaped.changes["json"] = lambda text: text.replace(
        b"docker.io/library", rb"\u0064ocker.io\/library"
    ).replace(b'"images"', rb'"imag\u0065s"')
    yield Case("ok", "JSON escapes in a name and in a member's name", escaped)
    nested = sample("bundle-json-nested-32")
    nested.changes["json"] = lambda text: text[:-1] + b',"x":' + b"[" * 31 + b"]" * 31 + b"}"
    yield Case("ok", "an unknown member nested 32 deep, the most a writer nests", nested)
    surrogate = sample("bundle-json-surrogate-pair")
    surrogate.changes["json"] = (
        lambda text: text[:-1] + rb',"x":"\ud83d\ude80","y":"' + "\U0001f680".encode() + b'"}'
    )
    yield Case("ok", "characters beyond the basic plane, escaped and not", surrogate)
