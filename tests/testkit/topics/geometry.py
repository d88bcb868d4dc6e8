"""What the header says of records, payload and volumes: docs/bundle-format.md §2.1."""

from case import bad, both, good, put

KIB = 1 << 10


def cases():
    for size in (0, 32 * KIB, 65_537, 32 << 20, 1 << 31):
        yield both(
            "BUNDLE-05", f"geometry-record-bytes-{size}", f"records of {size:,} bytes", record_bytes=size
        )
    yield bad(
        "BUNDLE-05",
        "geometry-record-bytes-doubled",
        "an allowed record size, but not that of the records",
        140 * KIB,
        header=put(record_bytes=128 * KIB),
    )
    yield good(
        "geometry-record-bytes-of-one",
        "one short record may be said to be of any allowed size",
        core=put(record_bytes=128 * KIB),
    )
    yield both("BUNDLE-05", "geometry-no-records", "no records", num_records=0)
    yield both(
        "BUNDLE-05", "geometry-one-record-more", "one record more than the payload needs", num_records=2
    )
    yield both(
        "BUNDLE-05",
        "geometry-records-largest",
        "as many records as a number can say",
        num_records=(1 << 64) - 1,
    )
    yield claiming("BUNDLE-06", "geometry-records-at-limit", "2^32 records, and a payload to match", 1 << 32)
    yield claiming(
        "BUNDLE-05", "geometry-records-over-limit", "2^32 + 1 records, and a payload to match", (1 << 32) + 1
    )
    yield both(
        "BUNDLE-05",
        "geometry-payload-largest",
        "a payload as large as a number can say",
        payload_bytes=(1 << 64) - 1,
    )
    yield both(
        "BUNDLE-05", "geometry-payload-zero", "no payload", payload_bytes=0, index_offset=0, index_bytes=0
    )
    yield both("BUNDLE-05", "geometry-index-empty", "an index of no bytes", index_bytes=0)
    yield both(
        "BUNDLE-05",
        "geometry-index-offset-largest",
        "the place of the index overflows",
        index_offset=(1 << 64) - 1,
    )
    yield both(
        "BUNDLE-05",
        "geometry-index-behind-payload",
        "the index ends behind the payload",
        index_offset=1 << 20,
    )
    yield shifted(
        "BUNDLE-05", "geometry-index-not-to-the-end", "the index ends before the payload does", 0, -1
    )
    yield shifted("BUNDLE-09", "geometry-index-later", "the index begins one byte late", 1, -1)
    yield shifted("BUNDLE-09", "geometry-index-earlier", "the index begins one byte early", -1, 1)
    yield shifted(
        "BUNDLE-06", "geometry-payload-longer", "the payload is a byte longer than the records", 0, 1, 1
    )
    yield shifted(
        "INTEGRITY-01",
        "geometry-payload-shorter",
        "the payload is a byte shorter than the records",
        0,
        -1,
        -1,
        keyless="damaged 0",
    )

    yield both("BUNDLE-05", "geometry-no-volumes", "no volumes", num_volumes=0)
    yield both(
        "BUNDLE-05", "geometry-one-volume-and-split", "one volume, and records for each", volume_records=1
    )
    yield both(
        "BUNDLE-05", "geometry-volumes-and-no-split", "two volumes, and no records for each", num_volumes=2
    )
    for name, num in (("more", 4), ("fewer", 2)):
        yield bad(
            "BUNDLE-05",
            f"geometry-volume-{name}",
            f"a volume {name} than the records need",
            280 * KIB,
            volume_records=2,
            header=put(num_volumes=num),
        )
    yield claiming(
        "BUNDLE-06",
        "geometry-volumes-at-limit",
        "9,999 volumes, and all else to match",
        9_999,
        num_volumes=9_999,
        volume_records=1,
    )
    yield claiming(
        "BUNDLE-05",
        "geometry-volumes-over-limit",
        "10,000 volumes, and all else to match",
        10_000,
        num_volumes=10_000,
        volume_records=1,
    )
    yield bad(
        "BUNDLE-08",
        "geometry-volumes-cut-earlier",
        "nine records, four in a volume: the header says three",
        540 * KIB,
        volume_records=4,
        header=put(volume_records=3),
    )
    yield bad(
        "BUNDLE-06",
        "geometry-volumes-cut-later",
        "nine records, three in a volume: the header says four",
        540 * KIB,
        volume_records=3,
        header=put(volume_records=4),
    )
    yield both("BUNDLE-08", "header-set-id", "another set id", set_id=bytes(32))
    yield both("INTEGRITY-03", "header-set-root", "another set root", set_root=bytes(32))


def claiming(code, name, comment, num, **fields):
    """A header of `num` full records, for which the file is too short."""
    return both(
        code,
        name,
        comment,
        num_records=num,
        payload_bytes=num << 16,
        index_offset=0,
        index_bytes=num << 16,
        **fields,
    )


def shifted(code, name, comment, offset, length, payload=0, keyless=None):
    def change(fields, _):
        for field, by in (("index_offset", offset), ("index_bytes", length), ("payload_bytes", payload)):
            fields[field] += by

    return bad(code, name, comment, keyless=keyless, header=change)
