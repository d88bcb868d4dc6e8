"""Volumes as files, their heads, and their trailers."""

from case import at, bad, flipped, good, overwritten, put, replaced, sample
from encode import ENTRY, FOOTER, LATER_HEAD, le, sha256, with_checksum

KIB = 1 << 10
# Volumes 1 to 3 of two, two and one records.
THREE = {"layer": 280 * KIB, "volume_records": 2}
NUMBERS = 1, 2, 3


def files(code, name, comment, change, **options):
    """A bundle of three volumes whose files `change` alters."""
    return bad(code, f"volume-{name}", comment, files=change, **THREE, **options)


def another():
    """Volumes of the same shape from another bundle."""
    return sample("another bundle of three volumes", **THREE).write()


def missing_and_foreign():
    yield files("BUNDLE-07", "missing-2", "volume 2 is missing", replaced(1, None))
    yield files("BUNDLE-07", "missing-3", "volume 3 is missing", replaced(2, None))
    yield files("BUNDLE-07", "missing-all-later", "all but volume 1 is missing", lambda all: all[:1])
    yield files(
        "BUNDLE-07",
        "missing-before-foreign",
        "volume 2 is missing, volume 3 foreign",
        lambda all: [all[0], None, another()[2]],
    )
    yield files(
        "BUNDLE-08",
        "foreign-1",
        "volume 1 is another bundle's: then volume 2 is not its own",
        lambda all: [another()[0], *all[1:]],
    )
    yield files(
        "BUNDLE-08",
        "foreign-2",
        "volume 2 is another bundle's of the same shape",
        replaced(1, lambda _: another()[1]),
    )
    yield files(
        "BUNDLE-08",
        "foreign-3",
        "volume 3 is another bundle's of the same shape",
        replaced(2, lambda _: another()[2]),
    )
    yield files("BUNDLE-08", "swapped", "volumes 2 and 3 are swapped", lambda all: [all[0], all[2], all[1]])
    yield files(
        "BUNDLE-08", "repeated-2", "volume 2 again in place of volume 3", lambda all: [all[0], all[1], all[1]]
    )
    yield files(
        "BUNDLE-08", "repeated-1", "volume 1 again in place of volume 2", lambda all: [all[0], all[0], all[2]]
    )
    yield files(
        "BUNDLE-08",
        "text",
        "a text of the right length in place of volume 2",
        replaced(1, lambda old: b"# a text\n".ljust(len(old), b".")),
    )
    yield files("BUNDLE-08", "zeros", "zeros in place of volume 2", replaced(1, lambda old: bytes(len(old))))
    yield files("BUNDLE-12", "later-first", "volume 2 is given to be opened", lambda all: all, open=2)
    yield files(
        "BUNDLE-12",
        "later-as-first",
        "volume 2 under the name of volume 1",
        lambda all: [all[1].ljust(140_000, b"\0"), all[1], all[2]],
    )
    yield files(
        "BUNDLE-12",
        "later-as-first-short",
        "volume 3, which is small, under the name of volume 1",
        lambda all: [all[2], all[1], all[2]],
    )
    yield good(
        "volume-extra",
        "a volume more than the header counts is not looked at",
        files=lambda all: [*all, all[0][:4096]],
        **THREE,
    )


def lengths():
    for number in NUMBERS:
        cut, grown = replaced(number - 1, lambda old: old[:-1]), replaced(number - 1, lambda old: old + b"\0")
        yield files("BUNDLE-06", f"{number}-short-by-1", f"volume {number} lacks its last byte", cut)
        yield files("BUNDLE-06", f"{number}-long-by-1", f"volume {number} has a byte more", grown)
        trailer = replaced(number - 1, lambda old: old + old[-FOOTER:])
        yield files(
            "BUNDLE-06",
            f"{number}-footer-again",
            f"volume {number} has a second footer behind the first",
            trailer,
        )
        yield files(
            "BUNDLE-06",
            f"{number}-no-footer",
            f"volume {number} ends before its footer",
            replaced(number - 1, lambda old: old[:-FOOTER]),
        )
    yield files(
        "BUNDLE-06", "2-only-head", "volume 2 ends behind its head", replaced(1, lambda old: old[:LATER_HEAD])
    )
    yield files(
        "BUNDLE-06",
        "2-half-head",
        "volume 2 ends in its head",
        replaced(1, lambda old: old[: LATER_HEAD - 1]),
    )
    yield files("BUNDLE-06", "2-empty", "volume 2 is empty", replaced(1, lambda _: b""))
    for name, comment, size, code in (
        ("empty", "the file is empty", 0, "BUNDLE-01"),
        ("four-bytes", "four bytes of the magic", 4, "BUNDLE-01"),
        ("five-bytes", "five bytes of the magic", 5, "BUNDLE-06"),
        ("half-header", "the file ends in copy A", 4000, "BUNDLE-06"),
        ("one-copy", "the file ends behind copy A", 64 * KIB, "BUNDLE-06"),
        ("header-short", "the file lacks one byte of copy B", 128 * KIB - 1, "BUNDLE-06"),
        ("only-header", "the file ends behind copy B", 128 * KIB, "BUNDLE-06"),
    ):
        yield bad(code, f"truncated-{name}", comment, files=lambda all, size=size: [all[0][:size]])
    yield bad("BUNDLE-01", "not-a-bundle-short", "a short text", files=lambda _: [b"#!/bin/sh\n"])
    yield bad(
        "BUNDLE-01",
        "not-a-bundle-long",
        "a text longer than a header",
        files=lambda _: [b"#!/bin/sh\n" * 20_000],
    )
    yield bad("BUNDLE-01", "shifted", "a byte before the first", files=lambda all: [b"\0" + all[0]])
    yield good("volume-one-named-anew", "one volume needs no other name", layer=70 * KIB)


def heads():
    for name, comment, offset, content in (
        ("version", "another version", 8, le(2, 2)),
        ("zero-field", "the zero field is not", 10, b"\1"),
        ("number", "another number", 12, le(3, 4)),
        ("set-id", "another set id", 16, bytes(32)),
        ("padding", "a byte of the zeros is not", LATER_HEAD - 33, b"\1"),
        ("magic", "another magic", 4, b"T"),
    ):
        yield bad(
            "BUNDLE-08",
            f"volume-head-{name}",
            f"{comment}, with a right checksum",
            volume_head=at(2, overwritten(offset, content)),
            **THREE,
        )
    for name, offset in (("padding", 2000), ("checksum", LATER_HEAD - 1), ("set-id", 20), ("magic-end", 6)):
        yield files(
            "INTEGRITY-03",
            f"head-damaged-{name}",
            f"one bit of the head of volume 2: {name}",
            replaced(1, flipped(offset)),
        )
    yield files(
        "BUNDLE-08", "head-damaged-magic", "one bit of the magic of volume 2", replaced(1, flipped(0))
    )
    yield files(
        "INTEGRITY-03",
        "head-zeroed",
        "all of the head of volume 2 but the magic is zero",
        replaced(1, lambda old: old[:8] + bytes(LATER_HEAD - 8) + old[LATER_HEAD:]),
    )


def footers():
    wrong = [
        ("number", "BUNDLE-08", {"number": 2}),
        ("set-id", "BUNDLE-08", {"set_id": bytes(32)}),
        ("first-record", "BUNDLE-08", {"first": 1}),
        ("records-more", "BUNDLE-08", {"num": 3}),
        ("records-fewer", "BUNDLE-08", {"num": 1}),
        ("length-short", "BUNDLE-06", {"length": 999}),
        ("length-largest", "BUNDLE-06", {"length": (1 << 64) - 1}),
        ("magic", "INTEGRITY-03", {"magic": b"\x89SLFT\r\n\x1a"}),
        ("root", "INTEGRITY-03", {"root": bytes(32)}),
        ("directory-hash", "INTEGRITY-03", {"dir_hash": bytes(32)}),
        ("directory-offset-largest", "INTEGRITY-03", {"dir_at": (1 << 64) - 1}),
        ("directory-in-footer", "INTEGRITY-03", {"dir_len": 2 * ENTRY}),
        ("directory-empty", "INTEGRITY-03", {"dir_len": 0, "dir_hash": sha256()}),
        ("directory-length-largest", "INTEGRITY-03", {"dir_len": (1 << 64) - 1}),
        ("directory-earlier", "INTEGRITY-03", {"dir_at": 0}),
    ]
    for name, code, fields in wrong:
        yield bad(
            code,
            f"footer-{name}",
            f"footer of volume 1: {name.replace('-', ' ')}, with right MAC and checksum",
            footer=at(1, put(**fields)),
            **THREE,
        )
    yield bad(
        "INTEGRITY-03",
        "footer-directory-odd",
        "the directory ends in half an entry",
        directory=lambda old, _: old + bytes(28),
    )
    for number in NUMBERS:
        yield files(
            "INTEGRITY-03",
            f"{number}-footer-damaged",
            f"one bit of the footer of volume {number}",
            replaced(number - 1, flipped(-100)),
        )
    yield bad("INTEGRITY-03", "footer-checksum", "one bit of the footer's checksum", footer_block=flipped(-1))
    yield bad(
        "INTEGRITY-03", "footer-zeroed", "zeros in place of the footer", footer_block=lambda *_: bytes(FOOTER)
    )
    yield bad(
        "INTEGRITY-03",
        "footer-mac",
        "one bit of the volume MAC, with a right checksum",
        keyless="ok",
        footer_mac=flipped(0),
    )
    yield bad(
        "INTEGRITY-03",
        "footer-mac-last-volume",
        "the MAC of volume 3 is not",
        keyless="ok",
        footer_mac=at(3, lambda _: bytes(32)),
        **THREE,
    )
    yield bad(
        "INTEGRITY-03",
        "footer-forged-directory",
        "a section added without the key: hashes and checksum are right",
        keyless="ok",
        files=added_section,
    )
    yield good("footer-version", "the header's version counts, not the footer's", footer=put(version=2))
    yield good(
        "footer-zeros", "the zero fields of a footer are not looked at", footer=put(zero=1, rest=b"\1" * 40)
    )


def added_section(all):
    """What someone without the key can do: all hashes right, the MAC as it was."""
    footer, end = all[0][-FOOTER:], len(all[0]) - FOOTER
    directory = all[0][end - ENTRY : end] + le(7, 4) + bytes(4) + bytes(16) + sha256()
    changed = footer[:64] + le(end - ENTRY, 8) + le(len(directory), 8) + sha256(directory)
    changed += footer[112:144] + le(len(all[0]) + ENTRY, 8) + footer[152:224]
    return [all[0][: end - ENTRY] + directory + with_checksum(changed, FOOTER)]


def sections():
    def more(*others, before=False):
        return lambda old, _: [*others, *old] if before else [*old, *others]

    yield good(
        "section-unknown",
        "a section of an unknown kind behind the record hashes",
        sections=more((7, 0, b"recovery")),
    )
    yield good("section-unknown-empty", "a section of no bytes", sections=more((7, 0, b"")))
    yield good(
        "section-unknown-flags",
        "flags but the lowest are not looked at",
        sections=more((7, 0xFFFFFFFE, b"x")),
    )
    yield good(
        "section-unknown-first",
        "a section of an unknown kind before the record hashes",
        sections=more((7, 0, b"label"), before=True),
    )
    yield good(
        "section-unknown-same-kind-twice",
        "two sections of one unknown kind",
        sections=more((7, 0, b"a"), (7, 0, b"b")),
    )
    yield good(
        "section-unknown-hash-wrong",
        "the hash of a section that is skipped is not checked",
        sections=more((7, 0, b"x")),
        entries=lambda old, _: old[1].__setitem__(4, bytes(32)),
    )
    yield good(
        "section-unknown-elsewhere",
        "the place of a section that is skipped is not checked",
        sections=more((7, 0, b"x")),
        entries=lambda old, _: old[1].__setitem__(2, (1 << 64) - 1),
    )
    yield good("section-64", "64 sections, the most", sections=more(*[(8, 0, b"x")] * 63))
    yield good(
        "section-hashes-own-hash-wrong",
        "record hashes are proven by the root, not by their entry",
        entries=lambda old, _: old[0].__setitem__(4, bytes(32)),
    )
    yield good(
        "section-unknown-in-one-volume",
        "volume 2 alone has a section more",
        sections=at(2, lambda old: [*old, (7, 0, b"x")]),
        **THREE,
    )
    yield bad("INTEGRITY-03", "section-65", "65 sections", sections=more(*[(8, 0, b"x")] * 64))
    yield bad(
        "BUNDLE-03", "section-critical", "a critical section of an unknown kind", sections=more((7, 1, b"x"))
    )
    yield bad(
        "BUNDLE-03",
        "section-critical-and-flags",
        "critical beside other flags",
        sections=more((7, 0xFFFFFFFF, b"x")),
    )
    yield bad(
        "BUNDLE-03",
        "section-critical-first",
        "a critical section before the record hashes",
        sections=more((7, 1, b"x"), before=True),
    )
    yield bad("BUNDLE-03", "section-critical-kind-0", "kind 0 is unknown too", sections=more((0, 1, b"")))
    yield bad(
        "BUNDLE-03",
        "section-critical-last-volume",
        "a critical section in volume 3",
        sections=at(3, lambda old: [*old, (7, 1, b"x")]),
        **THREE,
    )
    yield bad(
        "INTEGRITY-03",
        "section-hashes-none",
        "no record hashes among the sections",
        sections=lambda old, _: [(7, 0, old[0][2])],
    )
    yield bad(
        "INTEGRITY-03", "section-hashes-twice", "record hashes twice", sections=lambda old, _: old + old
    )
    yield bad(
        "INTEGRITY-03",
        "section-hashes-short",
        "record hashes, a byte too few",
        entries=lambda old, _: old[0].__setitem__(3, old[0][3] - 1),
    )
    yield bad(
        "INTEGRITY-03",
        "section-hashes-long",
        "record hashes, 32 bytes too many",
        sections=lambda old, _: [(1, 1, old[0][2] + bytes(32))],
    )
    yield bad(
        "INTEGRITY-03",
        "section-hashes-behind-directory",
        "the record hashes end behind the directory",
        entries=lambda old, _: old[0].__setitem__(2, old[0][2] + ENTRY + 1),
    )
    yield bad(
        "INTEGRITY-03",
        "section-hashes-offset-largest",
        "the place of the record hashes overflows",
        entries=lambda old, _: old[0].__setitem__(2, (1 << 64) - 1),
    )
    yield bad(
        "INTEGRITY-03",
        "section-hashes-elsewhere",
        "the place of the record hashes is in the records",
        entries=lambda old, _: old[0].__setitem__(2, 140_000),
    )
    yield bad(
        "INTEGRITY-03",
        "directory-damaged",
        "one bit of the directory",
        files=replaced(0, flipped(-FOOTER - 1)),
    )
    yield bad(
        "INTEGRITY-03",
        "hashes-damaged",
        "one bit of the record hashes",
        files=replaced(0, flipped(-FOOTER - ENTRY - 1)),
    )
    yield bad(
        "INTEGRITY-03",
        "hashes-swapped",
        "the hashes of two records are swapped",
        files=replaced(0, lambda old: swapped_hashes(old, 2)),
        layer=100 * KIB,
    )


def swapped_hashes(volume, num):
    end = len(volume) - FOOTER - ENTRY
    hashes = [volume[at : at + 32] for at in range(end - 32 * num, end, 32)]
    return volume[: end - 32 * num] + b"".join(reversed(hashes)) + volume[end:]


def cases():
    yield from missing_and_foreign()
    yield from lengths()
    yield from heads()
    yield from footers()
    yield from sections()
