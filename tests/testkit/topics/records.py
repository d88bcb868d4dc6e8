"""Records that are damaged, moved, or sealed as none should be."""

from case import at, bad, flipped, good, put, replaced, sample

KIB = 1 << 10
HEAD, LATER_HEAD = 128 * KIB, 4 * KIB
SEALED = 64 * KIB + 28
# Four records, the last of them short and with the index in it.
FOUR = {"layer": 200 * KIB}
# Volumes 1 to 3 of two, two and one records.
THREE = {"layer": 280 * KIB, "volume_records": 2}


def damaged(name, comment, numbers, change, **options):
    numbers = ",".join(map(str, numbers))
    return bad(
        "INTEGRITY-01",
        f"record-{name}",
        comment,
        keyless=f"damaged {numbers}",
        **{**FOUR, **options},
        files=change,
    )


def rearranged(order):
    """Full records of volume 1 in another order."""

    def change(old):
        records = [old[HEAD + number * SEALED : HEAD + (number + 1) * SEALED] for number in range(3)]
        return old[:HEAD] + b"".join(records[number] for number in order) + old[HEAD + 3 * SEALED :]

    return replaced(0, change)


def on_disk():
    """Damage: the hashes tell which records are hurt, with or without a key."""
    for name, offset in (
        ("nonce", 0),
        ("ciphertext", 12),
        ("ciphertext-last", SEALED - 17),
        ("tag", SEALED - 16),
        ("tag-last", SEALED - 1),
    ):
        yield damaged(
            f"damaged-{name}",
            f"one bit of a record of the layer: {name}",
            [1],
            replaced(0, flipped(HEAD + SEALED + offset, 5)),
        )
    yield damaged("damaged-first", "one bit of the first record", [0], replaced(0, flipped(HEAD + 99)))
    yield damaged(
        "damaged-index",
        "one bit of the record that has the index",
        [3],
        replaced(0, flipped(HEAD + 3 * SEALED + 500)),
    )
    yield damaged(
        "damaged-first-and-last",
        "a bit of two records, one of them with the index",
        [0, 3],
        replaced(0, lambda old: flipped(HEAD + 20)(flipped(HEAD + 3 * SEALED + 500)(old))),
    )
    yield damaged(
        "damaged-layer-twice",
        "a bit of two records of the layer",
        [0, 2],
        replaced(0, lambda old: flipped(HEAD + 20)(flipped(HEAD + 2 * SEALED + 500)(old))),
    )
    yield damaged(
        "zeroed",
        "zeros in place of a record",
        [1],
        replaced(0, lambda old: old[: HEAD + SEALED] + bytes(SEALED) + old[HEAD + 2 * SEALED :]),
    )
    yield damaged("swapped-neighbours", "records 0 and 1 are swapped", [0, 1], rearranged([1, 0, 2]))
    yield damaged("swapped-far", "records 0 and 2 are swapped", [0, 2], rearranged([2, 1, 0]))
    yield damaged("rotated", "three records have moved on by one", [0, 1, 2], rearranged([1, 2, 0]))
    yield damaged("repeated", "record 0 again in place of record 1", [1], rearranged([0, 0, 2]))
    yield damaged(
        "shifted-by-one",
        "one byte is lost in record 0 and one too many before the trailer",
        [0, 1, 2, 3],
        replaced(0, shifted_content),
    )
    other = sample("another bundle of four records", **FOUR).write()[0]
    yield damaged(
        "foreign",
        "record 1 is another bundle's, from the same place",
        [1],
        replaced(
            0,
            lambda old: old[: HEAD + SEALED]
            + other[HEAD + SEALED : HEAD + 2 * SEALED]
            + old[HEAD + 2 * SEALED :],
        ),
    )
    yield damaged(
        "in-later-volume",
        "one bit of record 2, the first of volume 2",
        [2],
        replaced(1, flipped(LATER_HEAD)),
        **THREE,
    )
    yield damaged(
        "in-last-volume",
        "one bit of record 4, which has the index",
        [4],
        replaced(2, flipped(LATER_HEAD + 500)),
        **THREE,
    )
    yield damaged(
        "swapped-between-volumes",
        "the first records of volumes 1 and 2 are swapped",
        [0, 2],
        lambda all: [
            all[0][:HEAD] + all[1][LATER_HEAD : LATER_HEAD + SEALED] + all[0][HEAD + SEALED :],
            all[1][:LATER_HEAD] + all[0][HEAD : HEAD + SEALED] + all[1][LATER_HEAD + SEALED :],
            all[2],
        ],
        **THREE,
    )
    yield bad(
        "INTEGRITY-01",
        "record-damaged-unused-frame",
        "one bit of a record that only an unused frame needs",
        keyless="damaged 0",
        files=replaced(0, flipped(HEAD + 100)),
        index=without_layer,
        **FOUR,
    )


def shifted_content(old):
    end = HEAD + 3 * SEALED + 200
    return old[: HEAD + 9] + old[HEAD + 10 : end] + b"\0" + old[end:]


def without_layer(index):
    """Nothing points at frame 0 any more."""
    keep = [blob for blob in index["blobs"] if blob["extents"][0][0] != 0]
    index["blobs"], index["images"] = keep, []


def sealed(name, comment, where, **options):
    """Sealed with the key and hashed rightly, but not as the format says: only opening it can tell."""
    how = options.pop("how")
    return bad(
        "INTEGRITY-01", f"sealed-{name}", comment, keyless="ok", seal=at(where, how), **{**FOUR, **options}
    )


def by_the_key_holder():
    yield sealed("other-number", "record 1 is sealed as record 2", 1, how=put(number=2))
    yield sealed("number-large", "record 1 is sealed as record 2^32 + 1", 1, how=put(number=(1 << 32) + 1))
    yield sealed("last-too-early", "record 1 is sealed as the last", 1, how=put(last=True))
    yield sealed("last-not-last", "the last record is sealed as if more came", 3, how=put(last=False))
    yield sealed("other-key", "record 1 is sealed under another bundle key", 1, how=put(key=bytes(32)))
    yield sealed(
        "other-segment", "record 1 is sealed under the key of the next segment", 1, how=put(segment=1)
    )
    yield sealed("index-other-number", "the record of the index is sealed as record 2", 3, how=put(number=2))
    yield sealed(
        "index-other-segment",
        "the record of the index is sealed under the key of the next segment",
        3,
        how=put(segment=1),
    )
    yield sealed(
        "only-record-not-last", "the only record is sealed as if more came", 0, how=put(last=False), layer=400
    )
    yield bad(
        "INTEGRITY-01",
        "sealed-swapped",
        "records 0 and 1 are swapped, hashes and roots are right",
        keyless="ok",
        records=lambda all: [all[1], all[0], *all[2:]],
        **FOUR,
    )
    yield bad(
        "INTEGRITY-01",
        "sealed-repeated",
        "record 0 again in place of record 1, hashes and roots are right",
        keyless="ok",
        records=lambda all: [all[0], all[0], *all[2:]],
        **FOUR,
    )
    yield good("sealed-nonce-repeated", "readers do not compare nonces", seal=put(nonce=bytes(12)))
    yield bad(
        "INTEGRITY-01",
        "hash-of-index-record",
        "the listed hash of the index's record is wrong, the roots fit it",
        keyless="damaged 3",
        hashes=lambda old, _: old[:-32] + bytes(32),
        **FOUR,
    )
    yield good(
        "hash-of-content-record",
        "the listed hash of another record is wrong: blobs have their digests",
        keyless="damaged 0",
        hashes=lambda old, _: bytes(32) + old[32:],
        **FOUR,
    )


def cases():
    yield from on_disk()
    yield from by_the_key_holder()
