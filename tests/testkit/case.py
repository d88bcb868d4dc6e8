"""What a case is, and the bundle that most of them alter a little."""

import json
import zlib

from encode import LAYER, PASSPHRASE, Bundle, compact

# These say that the shape of a bundle is wrong, which shows without a key.
SHAPE = (
    "BUNDLE-01 BUNDLE-02 BUNDLE-03 BUNDLE-04 BUNDLE-05 BUNDLE-06 BUNDLE-07 BUNDLE-08 BUNDLE-11 BUNDLE-12 "
    "INTEGRITY-03"
).split()


class Case:
    """One bundle, how it is opened, and what every reader must find. README.md tells what the fields mean."""

    def __init__(
        self, expect, comment, bundle, passphrase=PASSPHRASE, open=1, keyless=None, damaged_copies=0
    ):
        self.name, self.volumes = bundle.name, bundle.write()
        passphrase = passphrase.encode() if isinstance(passphrase, str) else passphrase
        head = {
            "expect": expect,
            "comment": comment,
            "keyless": keyless or (expect if expect in SHAPE else "ok"),
        }
        try:
            head["passphrase"] = json.dumps(passphrase.decode())
        except UnicodeDecodeError:
            head["passphrase-hex"] = passphrase.hex()
        head["open"] = open
        head["volumes"] = " ".join("-" if volume is None else str(len(volume)) for volume in self.volumes)
        if expect == "ok":
            images = [{"names": image["names"], "target": image["target"]} for image in bundle.images]
            head["fingerprint"], head["images"] = bundle.fingerprint, compact(images).decode()
            head["blobs"] = compact(
                {digest: blob["size"] for digest, blob in sorted(bundle.blobs.items())}
            ).decode()
            head["damaged-copies"] = damaged_copies
        self.head = head

    def encode(self):
        head = "".join(f"{name}: {value}\n" for name, value in {**self.head, "compressed": "zlib"}.items())
        assert head.isascii(), head
        content = b"".join(volume for volume in self.volumes if volume is not None)
        return head.encode() + b"\n" + zlib.compress(content, 9)


def sample(name, layer=400, **options):
    """One image whose only layer has `layer` bytes. Frame 0 is the layer, frame 1 config and manifest."""
    bundle = Bundle(name, **options)
    content = bundle.zeros(layer)
    target = bundle.manifest([bundle.blob(content, LAYER)])
    bundle.image(target, "docker.io/library/sample:1")
    return bundle


def good(name, comment, layer=400, passphrase=PASSPHRASE, keyless=None, damaged_copies=0, **options):
    return Case("ok", comment, sample(name, layer, **options), passphrase, 1, keyless, damaged_copies)


def bad(code, name, comment, layer=400, passphrase=PASSPHRASE, open=1, keyless=None, **options):
    return Case(code, comment, sample(name, layer, **options), passphrase, open, keyless)


def both(code, name, comment, **fields):
    """A bundle with these fields in both header copies, under a right MAC and checksum."""
    return bad(code, name, comment, header=put(**fields))


# --- changes


def at(where, change):
    """`change` at one record, volume or header copy; the others stay."""
    return lambda value, here: change(value) if here == where else None


def put(**fields):
    """Sets fields of a header or footer."""
    return lambda old, *_: old.update(fields)


def overwritten(offset, content):
    """Other bytes at `offset`."""
    return lambda old, *_: old[:offset] + content + old[offset + len(content) :]


def flipped(offset, bit=0):
    """One bit flipped; a negative offset counts from the end."""

    def change(old, *_):
        new = bytearray(old)
        new[offset] ^= 1 << bit
        return bytes(new)

    return change


def replaced(place, change):
    """`change` of one item of a list (a file, a record), None to lose it."""

    def change_list(items, *_):
        items[place] = change and change(items[place])

    return change_list
