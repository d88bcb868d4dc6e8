"""The two header copies: what one alone survives, and what is refused when it is in both."""

from case import Case, at, bad, both, flipped, good, overwritten, put, sample
from encode import COPY, MAGIC, le, with_checksum


def one_copy():
    for copy in "AB":
        low = copy.lower()
        change = [
            ("damaged", "one bit of the slots", flipped(300)),
            ("checksum-damaged", "one bit of the checksum", flipped(-1, 7)),
            ("padding-damaged", "one bit of the zeros behind all parts", flipped(40_000)),
            ("zero", "nothing but zeros", lambda _: bytes(COPY)),
            ("text", "no magic", overwritten(0, b"# a text\n")),
        ]
        for what, comment, damage in change:
            yield good(
                f"header-{low}-{what}",
                f"copy {copy}: {comment}; the other opens",
                copy=at(copy, damage),
                damaged_copies=1,
            )
        fields = [
            ("newer-version", "version 2", {"version": 2}),
            ("critical", "a critical bit", {"critical": 1}),
            ("unsealed", "not sealed", {"state": 0}),
            ("no-records", "no records", {"num_records": 0}),
        ]
        for what, comment, wrong in fields:
            yield good(
                f"header-{low}-{what}",
                f"copy {copy}: {comment}; the other opens",
                header=at(copy, put(**wrong)),
                damaged_copies=1,
            )
        forged = {"sequence": 7, "mac": bytes(32)}
        yield good(
            f"header-{low}-forged-newest",
            f"copy {copy} is newer and not authentic; the other opens",
            header=at(copy, put(**forged)),
        )
        yield good(
            f"header-{low}-newest",
            f"copy {copy} has the higher sequence number",
            header=at(copy, put(sequence=9)),
        )
        yield good(
            f"header-{low}-sequence-largest",
            f"copy {copy} has the highest sequence number there is",
            header=at(copy, put(sequence=(1 << 64) - 1)),
        )
    yield good("header-sequence-zero", "both copies have the sequence number 0", header=put(sequence=0))

    for newer, older in ("AB", "BA"):
        bundle = sample(f"header-{newer.lower()}-newest-other-passphrase")
        new = bundle.password_slot("the new passphrase")
        bundle.changes["header"] = at(newer, put(sequence=2, slots=[new]))
        yield Case(
            "ok",
            f"copy {newer} is newer and has another passphrase: that opens",
            bundle,
            "the new passphrase",
        )
        bundle = sample(f"header-{older.lower()}-older-old-passphrase")
        new = bundle.password_slot("the new passphrase")
        bundle.changes["header"] = at(newer, put(sequence=2, slots=[new]))
        yield Case("ok", f"copy {older} is older and still opens with the old passphrase", bundle)

    other = sample("another bundle").write()
    yield good(
        "header-a-of-another-bundle",
        "copy A is another bundle's and does not fit the volumes; the other opens",
        copy=at("A", lambda _: other[0][:COPY]),
    )
    yield bad(
        "INTEGRITY-03",
        "header-a-another-set-root",
        "copy A is newer and authentic, and its set root does not fit",
        keyless="ok",
        header=at("A", put(sequence=2, set_root=bytes(32))),
    )
    yield good(
        "header-a-forged-set-root",
        "copy A is newer and forged, its set root does not fit; the other opens",
        header=at("A", put(sequence=2, set_root=bytes(32), mac=bytes(32))),
    )


def room():
    yield good("header-extensions", "extensions of unknown kinds", header=put(extensions=entries(3)))
    yield good(
        "header-extensions-any-bytes",
        "a reader does not look into extensions",
        header=put(extensions=b"\xff"),
    )
    yield good("header-signatures", "signatures of unknown kinds", header=put(signatures=entries(2)))
    yield good(
        "header-signatures-differ",
        "each copy has another signature",
        header=lambda old, copy: old.update(signatures=copy.encode() * 50),
    )
    full = COPY - 32 - 252 - 128
    yield good("header-extensions-full", "extensions up to the checksum", header=put(extensions=b"e" * full))
    yield good("header-signatures-full", "signatures up to the checksum", header=put(signatures=b"s" * full))
    yield bad(
        "BUNDLE-05",
        "header-signatures-overlong",
        "the signatures' length leads into the checksum",
        header=put(signatures=b"s" * full, signatures_len=full + 1),
    )


def entries(num):
    return b"".join(le(900 + kind, 2) + bytes(2) + le(kind, 4) + b"v" * kind for kind in range(num))


def refused():
    yield bad("BUNDLE-05", "header-both-damaged", "one bit in each copy", copy=flipped(300))
    yield bad(
        "BUNDLE-05", "header-both-padding-damaged", "one bit of the zeros in each copy", copy=flipped(50_000)
    )
    yield bad(
        "BUNDLE-05",
        "header-both-differently",
        "copy A has no magic, copy B is damaged",
        copy=lambda copy, which: bytes(COPY) if which == "A" else flipped(99)(copy),
    )
    yield bad("BUNDLE-01", "header-both-zero", "nothing but zeros", copy=lambda *_: bytes(COPY))
    yield bad("BUNDLE-01", "header-magic-one-bit", "one bit of the magic in each copy", copy=flipped(3))
    yield bad(
        "BUNDLE-05", "header-only-magic", "nothing but the magic", copy=lambda *_: MAGIC.ljust(COPY, b"\0")
    )

    yield both("BUNDLE-02", "header-version-2", "a newer version", version=2)
    yield both("BUNDLE-02", "header-version-largest", "the highest version there can be", version=0xFFFF)
    yield both(
        "BUNDLE-02",
        "header-version-2-and-critical",
        "version counts before critical bits",
        version=2,
        critical=1,
    )
    yield bad(
        "BUNDLE-02",
        "header-version-2-new-layout",
        "a newer version lays out all but its beginning anew",
        copy=lambda copy, _: with_checksum(copy[:8] + le(2, 2) + b"\x55" * 5000, COPY),
    )
    yield bad(
        "BUNDLE-05",
        "header-version-2-damaged",
        "a newer version, and damaged: damage counts",
        header=put(version=2),
        copy=flipped(300),
    )
    yield both("BUNDLE-05", "header-version-0", "there never was a version 0", version=0)
    yield both("BUNDLE-03", "header-critical-lowest", "the lowest critical bit", critical=1)
    yield both("BUNDLE-03", "header-critical-highest", "the highest critical bit", critical=1 << 63)
    yield both(
        "BUNDLE-03",
        "header-critical-and-unsealed",
        "critical bits count before the state",
        critical=4,
        state=0,
    )
    yield bad(
        "BUNDLE-02",
        "header-critical-then-newer",
        "copy A has a critical bit, copy B a newer version",
        header=lambda old, copy: old.update({"critical": 4} if copy == "A" else {"version": 2}),
    )
    yield bad(
        "BUNDLE-03",
        "header-newer-then-critical",
        "copy A has a newer version, copy B a critical bit",
        header=lambda old, copy: old.update({"version": 2} if copy == "A" else {"critical": 4}),
    )
    yield bad(
        "BUNDLE-03",
        "header-critical-other-damaged",
        "copy A has a critical bit, copy B is damaged",
        header=put(critical=2),
        copy=at("B", flipped(70)),
    )
    yield both("BUNDLE-04", "header-unsealed", "not sealed, all else right", state=0)
    yield both("BUNDLE-04", "header-state-2", "neither sealed nor unsealed", state=2)
    yield bad(
        "BUNDLE-04",
        "header-unsealed-as-written",
        "both copies as a pack leaves them when it is broken off",
        copy=unsealed,
    )
    yield bad(
        "BUNDLE-04",
        "header-unsealed-other-damaged",
        "copy A damaged, copy B not sealed",
        header=put(state=0),
        copy=at("A", flipped(70)),
    )

    yield both("BUNDLE-05", "header-zero-1", "the first zero field is not", zero=1)
    yield both("BUNDLE-05", "header-zero-2", "the second zero field is not", zero_2=1 << 31)
    yield bad(
        "BUNDLE-05",
        "header-padding-first",
        "a byte behind the signatures, with a right checksum",
        header_body=overwritten(252 + 128, b"\1"),
    )
    yield bad(
        "BUNDLE-05",
        "header-padding-last",
        "a byte before the checksum, with a right checksum",
        header_body=overwritten(COPY - 33, b"\1"),
    )
    yield both(
        "BUNDLE-05",
        "header-slots-length-too-long",
        "the slots' length leads out of the copy",
        slots_len=(1 << 32) - 1,
    )
    yield both(
        "BUNDLE-05", "header-slots-length-short", "the slots' length cuts a slot in two", slots_len=127
    )
    yield both(
        "BUNDLE-05",
        "header-extensions-length-too-long",
        "the extensions' length leads out of the copy",
        extensions_len=(1 << 32) - 1,
    )
    yield both(
        "BUNDLE-05",
        "header-extensions-length-no-room",
        "the extensions leave no room for the MAC",
        extensions_len=COPY - 32 - 216 - 128 - 31,
    )
    yield both(
        "BUNDLE-05",
        "header-signatures-length-too-long",
        "the signatures' length leads out of the copy",
        signatures_len=(1 << 32) - 1,
    )


def unsealed(copy, _):
    return with_checksum(copy[:12] + bytes(12) + copy[24:56], COPY)


def forged():
    """Headers that nobody with the key has made."""
    yield both("KEY-04", "header-mac", "a MAC of zeros", mac=bytes(32))
    yield bad(
        "KEY-04",
        "header-mac-one-bit",
        "one bit of the MAC, with a right checksum",
        header_body=flipped(216 + 128),
    )
    yield both("KEY-04", "header-mac-of-another-key", "a MAC under another key", mac_key=bytes(32))
    yield both(
        "KEY-04", "header-commitment", "a commitment to another key, with a right MAC", commitment=bytes(32)
    )
    yield bad(
        "KEY-04",
        "header-forged-sequence",
        "one bit of the sequence number, with a right checksum",
        header_body=flipped(200, 6),
    )
    yield bad(
        "KEY-04",
        "header-forged-base-root",
        "one bit of the base root, with a right checksum",
        header_body=flipped(136),
    )
    yield bad(
        "KEY-04",
        "header-forged-extensions",
        "one bit of the extensions, with a right checksum",
        header=put(extensions=b"extension"),
        header_body=flipped(216 + 128),
    )
    yield bad(
        "KEY-04",
        "header-forged-slot",
        "one bit of the kind of a slot not tried, with a right checksum",
        slots=lambda slots: [*slots, (900, b"unknown")],
        header_body=flipped(216 + 128),
    )
    bundle = sample("header-slot-of-another-key")
    bundle.changes["slots"] = lambda slots: [bundle.password_slot(key=bytes(32))]
    yield Case("KEY-04", "the slot opens and gives another bundle's key", bundle)
    yield good(
        "header-signature-altered",
        "signatures stand outside the MAC",
        header=put(signatures=b"signed by a vendor"),
        header_body=flipped(252 + 128, 3),
    )


def mangled():
    """The whole first volume after a transfer in text mode."""
    ways = [
        ("crlf-to-lf", "CR LF became LF", lambda old: old.replace(b"\r\n", b"\n")),
        ("lf-to-crlf", "LF became CR LF", lambda old: old.replace(b"\n", b"\r\n")),
        ("seven-bit", "the highest bit of each byte is lost", lambda old: bytes(byte & 0x7F for byte in old)),
        (
            "utf-8-replaced",
            "bytes that are not UTF-8 became U+FFFD",
            lambda old: old.decode(errors="replace").encode(),
        ),
        ("latin-1-to-utf-8", "read as Latin-1, written as UTF-8", lambda old: old.decode("latin-1").encode()),
    ]
    for name, comment, change in ways:
        yield bad(
            "BUNDLE-11", f"mangled-{name}", comment, files=lambda files, change=change: [change(files[0])]
        )
    yield good(
        "mangled-copy-a",
        "copy A was mangled, copy B not",
        copy=at("A", overwritten(0, b"\x89SLFT\n\x1a")),
        damaged_copies=1,
    )
    yield bad(
        "BUNDLE-11",
        "mangled-other-damaged",
        "copy A is damaged, copy B mangled",
        copy=lambda copy, which: (flipped(200)(copy) if which == "A" else b"\x89SLFT\r\r\n" + copy[8:]),
    )


def cases():
    yield from one_copy()
    yield from room()
    yield from refused()
    yield from forged()
    yield from mangled()
