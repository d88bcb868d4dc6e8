"""What a passphrase is, and how the same one may come in other bytes. docs/bundle-format.md §7.1."""

import unicodedata

from case import Case, bad, sample


def typed(name, comment, given, normal):
    """`given` opens a slot whose key was derived from `normal`."""
    bundle = sample(f"passphrase-{name}")
    bundle.changes["slots"] = lambda _: [bundle.password_slot(normal)]
    return Case("ok", comment, bundle, given)


def refused(name, comment, given):
    return bad("USAGE-07", f"passphrase-{name}", comment, passphrase=given)


def cases():
    yield typed("lf", "one trailing LF is dropped", "pass\n", "pass")
    yield typed("crlf", "trailing CR LF is dropped, as Windows editors leave it", "pass\r\n", "pass")
    yield typed("cr", "one trailing CR is dropped", "pass\r", "pass")
    yield typed("one-byte", "one byte is enough", "x", "x")
    yield typed("spaces", "spaces and tabs count, also at both ends", "  a \t b  ", "  a \t b  ")
    yield typed("controls", "other control characters count", "a\x01\x7f\x1bb", "a\x01\x7f\x1bb")
    yield typed("byte-order-mark", "a leading byte order mark is dropped", "\ufeffpass", "pass")
    yield typed("longest", "1,024 bytes", "0123456789abcdef" * 64, "0123456789abcdef" * 64)
    yield typed(
        "longest-crlf", "1,024 bytes and CR LF", "0123456789abcdef" * 64 + "\r\n", "0123456789abcdef" * 64
    )
    yield typed("nfc", "a composed letter and Chinese words", "\u00e9\u53e3\u4ee4", "\u00e9\u53e3\u4ee4")
    yield typed("nfd", "the same, as macOS types it: decomposed", "e\u0301\u53e3\u4ee4", "\u00e9\u53e3\u4ee4")
    yield typed(
        "nfd-two-marks", "marks in another than the canonical order", "q\u0307\u0323", "q\u0323\u0307"
    )
    yield typed("hangul", "three letters become one syllable", "\u1112\u1161\u11ab", "\ud55c")
    yield typed("singleton", "the Angstrom sign becomes a letter", "\u212b", "\u00c5")
    yield typed(
        "not-compatibility",
        "ligatures and full-width letters stay: NFC, not NFKC",
        "\ufb01\uff21",
        "\ufb01\uff21",
    )
    grown = "\U0001d160" * 256
    yield typed("grows", "1,024 bytes that normalise to 3,072", grown, unicodedata.normalize("NFC", grown))
    yield typed(
        "unassigned", "a code point that no normaliser knows stays", "\U000e0fff\u0378", "\U000e0fff\u0378"
    )

    yield refused("empty", "no bytes", "")
    yield refused("only-lf", "nothing before the LF", "\n")
    yield refused("only-crlf", "nothing before CR LF", "\r\n")
    yield refused("two-lines", "two lines", "correct horse battery staple\nmore")
    yield refused("two-lf", "two LF at the end", "correct horse battery staple\n\n")
    yield refused("lf-cr", "LF CR at the end", "correct horse battery staple\n\r")
    yield refused("cr-cr-lf", "CR CR LF at the end", "correct horse battery staple\r\r\n")
    yield refused("cr-inside", "CR in the middle", "correct horse\rbattery staple")
    yield refused("nul", "a NUL behind it", "correct horse battery staple\0")
    yield refused("too-long", "1,025 bytes", "x" * 1025)
    yield refused("too-long-utf-8", "1,025 bytes in 513 characters", "\u00e9" * 512 + "x")
    yield refused("latin-1", "not UTF-8", b"\xe9")
    yield refused("surrogate", "a surrogate is not UTF-8", b"\xed\xa0\x80")
    yield refused("overlong", "an overlong form is not UTF-8", b"\xc1\x81")
    yield refused("utf-16", "UTF-16, as Windows editors may write", "\ufeffpass".encode("utf-16-le"))
