"""Key slots: which one opens, which ones are skipped, and what they may cost."""

import struct

from case import Case, at, bad, flipped, put, sample
from encode import CHEAP

UNKNOWN = (900, b"of a kind to come")
# In the body of a password slot.
SALT, COST, COMMITMENT, NONCE, WRAPPED, TAG = 0, 16, 28, 60, 72, 104


def slots(name, comment, make, expect="ok", passphrase=None, **options):
    """A bundle whose slots `make` makes from the bundle."""
    bundle = sample(name, **options)
    bundle.changes["slots"] = lambda _: make(bundle)
    return Case(expect, comment, bundle, **({} if passphrase is None else {"passphrase": passphrase}))


def altered(name, comment, offset, bit=0):
    """A bit of the slot's body, under a right MAC."""
    return bad(
        "KEY-01", f"slot-{name}", comment, slots=lambda slots: [(1, flipped(offset, bit)(slots[0][1]))]
    )


def choice():
    yield slots(
        "slot-first-of-two",
        "two passphrases, the first is given",
        lambda bundle: [bundle.password_slot("one"), bundle.password_slot("two")],
        passphrase="one",
    )
    yield slots(
        "slot-second-of-two",
        "two passphrases, the second is given",
        lambda bundle: [bundle.password_slot("one"), bundle.password_slot("two")],
        passphrase="two",
    )
    yield slots(
        "slot-last-of-32",
        "32 passphrases, the last is given",
        lambda bundle: [bundle.password_slot(f"number {number}") for number in range(32)],
        passphrase="number 31",
    )
    yield slots(
        "slot-same-twice",
        "one passphrase in two slots",
        lambda bundle: [bundle.password_slot(label="first"), bundle.password_slot(label="second")],
    )
    yield slots(
        "slot-tag-then-right-slot",
        "a slot of the passphrase that does not open, then one that does",
        lambda bundle: [(1, flipped(-1)(bundle.password_slot(label="first")[1])), bundle.password_slot()],
    )
    yield slots(
        "slot-unknown-before",
        "a slot of an unknown kind comes first",
        lambda bundle: [UNKNOWN, bundle.password_slot()],
    )
    yield slots(
        "slot-unknown-after",
        "a slot of an unknown kind comes last",
        lambda bundle: [bundle.password_slot(), UNKNOWN],
    )
    yield slots(
        "slot-unknown-empty",
        "a slot of an unknown kind without a body",
        lambda bundle: [(0xFFFF, b""), bundle.password_slot()],
    )
    yield slots(
        "slot-unknown-largest",
        "a slot of an unknown kind of 8 KiB",
        lambda bundle: [(900, bytes(8192)), bundle.password_slot()],
    )
    for name, kind, details in (
        ("age-stanza", 3, b"age-encryption.org/v1\n-> \x1b[A\r\x1b[KFingerprint: x\n"),
        ("age-stanza-long", 3, b"age-encryption.org/v1\n-> " + 33 * b"a" + b" x\n"),
        ("vault-version", 5, b"vault:v\x1b[2K\r:AAAA"),
    ):
        yield slots(
            f"slot-{name}-malformed-skipped",
            "a public name in a slot that a terminal would act on, or that is too long: the slot is skipped",
            lambda bundle, kind=kind, details=details: [(kind, bytes(92) + details), bundle.password_slot()],
        )
    yield slots(
        "slot-kind-0",
        "a slot of the kind that is never used",
        lambda bundle: [(0, b""), bundle.password_slot()],
    )
    yield slots(
        "slot-unknown-31",
        "31 slots of unknown kinds and one that opens",
        lambda bundle: [(2 + number, b"x" * number) for number in range(31)] + [bundle.password_slot()],
    )
    for name, size in (("shorter", 119), ("longer", 121), ("empty", 0)):
        yield slots(
            f"slot-password-{name}-skipped",
            f"a password slot of {size} bytes is skipped",
            lambda bundle, size=size: [(1, bytes(size)), bundle.password_slot()],
        )
    yield slots(
        "slot-password-long-costly-skipped",
        "a skipped slot may ask for any cost",
        lambda bundle: [(1, b"\xff" * 200), bundle.password_slot()],
    )
    bundle = sample("slot-only-in-copy-b")
    bundle.changes["header"] = at("A", put(slots=[UNKNOWN], sequence=2))
    yield Case("ok", "the newer copy has no slot for the passphrase, the older one does", bundle)


def refused():
    yield slots("slot-none", "no slots at all", lambda bundle: [], "KEY-02")
    yield slots(
        "slot-unknown-only", "slots of unknown kinds alone", lambda bundle: [UNKNOWN, (2, b"")], "KEY-02"
    )
    yield slots(
        "slot-password-shorter-only",
        "a password slot of 119 bytes alone",
        lambda bundle: [(1, bytes(119))],
        "KEY-01",
    )
    yield slots(
        "slot-password-longer-only",
        "a password slot of 121 bytes alone",
        lambda bundle: [(1, bundle.password_slot()[1] + b"\0")],
        "KEY-01",
    )
    yield bad("KEY-01", "passphrase-wrong", "another passphrase", passphrase="correct horse battery stable")
    yield bad(
        "KEY-01", "passphrase-other-case", "capital letters count", passphrase="Correct horse battery staple"
    )
    yield bad(
        "KEY-01",
        "passphrase-space-behind",
        "a space at the end counts",
        passphrase="correct horse battery staple ",
    )
    yield altered("salt", "one bit of the salt", SALT)
    yield altered("commitment", "one bit of the commitment", COMMITMENT, 7)
    yield altered("nonce", "one bit of the nonce", NONCE)
    yield altered("wrapped-key", "one bit of the wrapped key", WRAPPED + 31, 4)
    yield altered("tag", "one bit of the tag", TAG + 15)
    yield altered("memory", "the memory doubled: another key comes out", COST, 7)
    yield altered("passes", "two passes more: another key comes out", COST + 4, 1)
    yield slots(
        "slot-of-another-bundle",
        "a right slot, made for another set id",
        lambda bundle: [bundle.password_slot(set_id=bytes(32))],
        "KEY-01",
    )

    def moved(bundle):
        # The wrapped key of one slot under the public fields of another: both open with the passphrase.
        one, two = bundle.password_slot(label="one")[1], bundle.password_slot(label="two")[1]
        return [(1, one[:NONCE] + two[NONCE:])]

    yield slots("slot-of-two-halves", "the halves of two slots with one passphrase", moved, "KEY-01")

    yield bad("BUNDLE-05", "slot-33", "33 slots", slots=lambda slots: slots + [(900, b"")] * 32)
    yield slots(
        "slot-over-8-kib",
        "a slot of 8 KiB and a byte",
        lambda bundle: [bundle.password_slot(), (900, bytes(8193))],
        "BUNDLE-05",
    )
    yield bad(
        "BUNDLE-05",
        "slot-zero-field",
        "the zero field of a slot is not",
        slots=lambda slots: [(*slots[0], 1, 120)],
    )
    yield bad(
        "BUNDLE-05",
        "slot-length-behind-slots",
        "a slot's length leads out of the slots",
        slots=lambda slots: [(*slots[0], 0, 121)],
    )
    yield bad(
        "BUNDLE-05",
        "slot-length-largest",
        "a slot's length is as large as a number can be",
        slots=lambda slots: [(*slots[0], 0, (1 << 32) - 1)],
    )
    yield bad(
        "BUNDLE-05",
        "slot-length-leaves-rest",
        "seven bytes behind the last slot",
        header=lambda old, _: old.update(slots=[(*old["slots"][0][:2], 0, 113)]),
    )


def group(bundle, members):
    """A group (§7.8) that says so; no key opens it."""
    encoded = [struct.pack("<HHI", kind, 0, len(body)) + body for kind, body in members]
    return 7, bundle.random("group", 92) + b"".join(encoded)


def costs():
    for name, comment, cost in (
        ("least", "the least memory for one lane", (8, 1, 1)),
        ("lanes", "four lanes with the least memory for them", (32, 1, 4)),
        ("lanes-most", "16 lanes, the most", (128, 1, 16)),
        ("passes-most", "16 passes, the most", (8, 16, 1)),
        ("uneven", "memory that the lanes do not divide", (1021, 3, 5)),
        ("written", "the least that Sealift writes: 64 MiB, 3 passes, 4 lanes", (65536, 3, 4)),
    ):
        yield slots(f"slot-cost-{name}", comment, lambda bundle, cost=cost: [bundle.password_slot(cost=cost)])
    for name, comment, cost in (
        ("memory-over", "a KiB over 1 GiB", ((1 << 20) + 1, 1, 1)),
        ("passes-over", "17 passes", (64, 17, 1)),
        ("lanes-over", "17 lanes", (4096, 1, 17)),
        ("memory-zero", "no memory", (0, 1, 1)),
        ("passes-zero", "no passes", (64, 0, 1)),
        ("lanes-zero", "no lanes", (64, 1, 0)),
        ("memory-for-lanes", "a KiB less than four lanes need", (31, 1, 4)),
        ("all-largest", "all as large as a number can be", ((1 << 32) - 1,) * 3),
    ):
        yield slots(
            f"slot-cost-{name}",
            f"a second slot: {comment}",
            lambda bundle, cost=cost: [bundle.password_slot(), bundle.costly_slot(*cost)],
            "KEY-03",
        )
    yield slots(
        "slot-cost-over-wrong-passphrase",
        "a cost that is too high counts before the passphrase",
        lambda bundle: [bundle.costly_slot(1 << 21, 1, 1)],
        "KEY-03",
        "something else",
    )
    work = 1 << 26

    def summed(bundle, more):
        slots = [bundle.password_slot()] + [bundle.costly_slot(1 << 20, 16, 1 + each) for each in range(3)]
        rest = work - CHEAP[0] * CHEAP[1] - 3 * 16 * (1 << 20)
        return slots + [bundle.costly_slot(rest // 16, 16, 1)] + [bundle.costly_slot(8, 1, 1)] * more

    yield slots(
        "slot-cost-sum-at-limit",
        "all slots together fill 64 GiB; the first opens, so no other is tried",
        lambda bundle: summed(bundle, 0),
    )
    yield slots(
        "slot-cost-sum-over",
        "all slots together fill 8 KiB more than 64 GiB",
        lambda bundle: summed(bundle, 1),
        "KEY-03",
    )
    yield slots(
        "slot-cost-sum-over-in-group",
        "the password slots of a group count: all together fill 8 KiB more than 64 GiB",
        lambda bundle: summed(bundle, 0) + [group(bundle, [bundle.costly_slot(8, 1, 1), (2, bytes(92))])],
        "KEY-03",
    )
    yield slots(
        "slot-cost-over-in-group",
        "a password slot of a group asks for 17 passes",
        lambda bundle: [bundle.password_slot(), group(bundle, [(2, b""), bundle.costly_slot(64, 17, 1)])],
        "KEY-03",
    )
    yield slots(
        "slot-cost-group",
        "a group with password slots that cost as much as they may",
        lambda bundle: [bundle.password_slot(), group(bundle, [bundle.costly_slot(1 << 20, 16, 1)] * 3)],
    )
    yield slots(
        "slot-cost-over-in-damaged-group",
        "members that break a rule are none, whatever they would cost",
        lambda bundle: [
            bundle.password_slot(),
            (7, group(bundle, [bundle.costly_slot(64, 17, 1)])[1] + b"\0"),
        ],
    )
    bundle = sample("slot-cost-over-in-older-copy")
    costly = [bundle.password_slot(), bundle.costly_slot((1 << 20) + 1, 1, 1)]
    bundle.changes["header"] = lambda old, copy: old.update(
        {"sequence": 2} if copy == "A" else {"slots": costly}
    )
    yield Case("ok", "the cost is too high in the older copy; the other opens", bundle)
    bundle = sample("slot-cost-over-in-newer-copy")
    bundle.changes["header"] = lambda old, copy: old.update(
        {"sequence": 2, "slots": costly, "mac": bytes(32)} if copy == "A" else {}
    )
    yield Case("ok", "the cost is too high in the newer copy, which is forged; the other opens", bundle)
    bundle = sample("slot-cost-over-in-damaged-copy")
    bundle.changes["header"] = lambda old, copy: old.update(
        {"sequence": 2} if copy == "A" else {"slots": costly}
    )
    bundle.changes["copy"] = at("B", flipped(-1))
    yield Case("ok", "the cost is too high in a copy that cannot be used", bundle, damaged_copies=1)


def cases():
    yield from choice()
    yield from refused()
    yield from costs()
