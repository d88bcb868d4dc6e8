"""Writes bundles of format version 1 (docs/bundle-format.md): right ones and, through `changes`, wrong ones.

Shares nothing with Sealift or recover.py. The same bytes every time: what must be random comes from SHAKE-256
over the name of the bundle.
"""

import hashlib
import hmac
import json
import struct

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import zstd_frames

PASSPHRASE = "correct horse battery staple"
COPY, LATER_HEAD, FOOTER, ENTRY = 65536, 4096, 256, 56
MAGIC, VOLUME_MAGIC, FOOTER_MAGIC = b"\x89SLFT\r\n\x1a", b"\x89SLFV\r\n\x1a", b"\x89SLFE\r\n\x1a"
STORED, ZSTD = 0, 1
# Argon2id as cheap as readers allow: memory in KiB, passes, lanes.
CHEAP = (64, 1, 1)

OCI = "application/vnd.oci.image."
MANIFEST, INDEX = OCI + "manifest.v1+json", OCI + "index.v1+json"
CONFIG, LAYER = OCI + "config.v1+json", OCI + "layer.v1.tar"


def le(value, size):
    return value.to_bytes(size, "little")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def with_checksum(block, size):
    block = bytes(block).ljust(size - 32, b"\0")
    return block + sha256(block)


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def mac_of(key, content):
    return hmac.new(key, content, "sha256").digest()


def hkdf(salt, key, label):
    return mac_of(mac_of(salt, key), b"sealift/v1/" + label + b"\x01")


class Bundle:
    """Add frames, blobs and images; then `write`.

    `changes` are functions by stage. Each gets what the stage made (and where: a record's or volume's number,
    or which header copy) and may alter it in place or return something else.
    """

    def __init__(self, name, record_bytes=65536, volume_records=0, **changes):
        self.name, self.record_bytes, self.volume_records, self.changes = (
            name,
            record_bytes,
            volume_records,
            changes,
        )
        self.key, self.set_id = self.random("bundle key", 32), self.random("set id", 32)
        self.frames, self.stored, self.blobs, self.images = [], b"", {}, []

    def random(self, label, size):
        return hashlib.shake_256(f"{self.name}/{label}".encode()).digest(size)

    def change(self, stage, value, *where):
        if stage not in self.changes:
            return value
        changed = self.changes[stage](value, *where)
        return value if changed is None else changed

    # --- content

    def how(self, number, last=False):
        """What record `number` is sealed with."""
        how = {
            "key": self.key,
            "segment": number >> 20,
            "number": number,
            "last": last,
            "nonce": self.random(f"nonce {number}", 12),
        }
        self.change("seal", how, number)
        return how, AESGCM(hkdf(self.set_id, how["key"], b"payload" + le(how["segment"], 8)))

    def zeros(self, size):
        """Content that, stored in the next frame, is sealed into zeros: cases with many records stay small."""
        content = b""
        while len(content) < size:
            number, at = divmod(len(self.stored) + len(content), self.record_bytes)
            end = min(self.record_bytes, at + size - len(content))
            how, cipher = self.how(number)
            content += cipher.encrypt(how["nonce"], bytes(end), None)[at:end]
        return content

    def frame(self, content, stored=None, plain_len=None, codec=None):
        """Adds a frame, stored as it is or as `stored` says, and gives its number."""
        codec = (STORED if stored is None else ZSTD) if codec is None else codec
        stored = content if stored is None else stored
        self.frames.append([codec, len(stored), len(content) if plain_len is None else plain_len])
        self.stored += stored
        return len(self.frames) - 1

    def blob(self, content, media_type="application/octet-stream", extents=None, **members):
        """Adds a blob, in a frame of its own unless `extents` say where it lies, and gives its descriptor."""
        digest = digest_of(content)
        if digest not in self.blobs:
            if extents is None:
                extents = [[self.frame(content), 0, len(content)]] if content else []
            entry = {"digest": digest, "size": len(content), "media_type": media_type, "extents": extents}
            self.blobs[digest] = {**entry, **members}
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def manifest(self, layers, config_type=CONFIG, manifest_type=MANIFEST, **config):
        """Adds config and manifest of an image with these layers, together in one frame."""
        ids = [layer["digest"] for layer in layers]
        config = compact({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": ids}, **config})
        described = {"mediaType": config_type, "digest": digest_of(config), "size": len(config)}
        manifest = compact({"schemaVersion": 2, "config": described, "layers": layers})
        frame = self.frame(config + manifest)
        self.blob(config, config_type, [[frame, 0, len(config)]])
        return self.blob(manifest, manifest_type, [[frame, len(config), len(manifest)]])

    def image(self, target, *names, **members):
        self.images.append({"names": list(names), "target": target["digest"], **members})

    # --- keys

    def subkey(self, label):
        return hkdf(self.set_id, self.key, label)

    def password_slot(
        self, passphrase=PASSPHRASE, cost=CHEAP, key=None, set_id=None, label="slot", **changes
    ):
        """A slot; `changes` may hold `public` (fields before the commitment is bound) and `body`."""
        set_id = set_id or self.set_id
        salt, nonce = self.random(f"{label} salt {passphrase}", 16), self.random(
            f"{label} nonce {passphrase}", 12
        )
        slot_key = hash_secret_raw(passphrase.encode(), salt, cost[1], cost[0], cost[2], 32, Type.ID, 0x13)
        public = salt + struct.pack("<3I", *cost) + hkdf(set_id, slot_key, b"slot-commitment")
        wrapping = AESGCM(hkdf(set_id, slot_key, b"slot-wrap"))
        return 1, public + nonce + wrapping.encrypt(nonce, key or self.key, set_id + public)

    def costly_slot(self, memory, passes, lanes):
        """A slot that says so; nobody ever ran it."""
        label = f"costly {memory} {passes} {lanes}"
        return 1, self.random(label, 16) + struct.pack("<3I", memory, passes, lanes) + self.random(
            label + " rest", 92
        )

    # --- the file

    def index(self):
        index = {
            "created": "2026-01-01T00:00:00Z",
            "tool": "testkit",
            "images": json.loads(json.dumps(self.images)),
            "blobs": json.loads(json.dumps(sorted(self.blobs.values(), key=lambda blob: blob["digest"]))),
            "frames": [list(frame) for frame in self.frames],
        }
        text = self.change("json", compact(self.change("index", index)))
        return self.change("index_bytes", zstd_frames.frame(text), text)

    def seal(self, payload, num):
        records = []
        for number in range(num):
            plain = payload[number * self.record_bytes : (number + 1) * self.record_bytes]
            how, cipher = self.how(number, last=number == num - 1)
            additional = le(how["number"], 8) + bytes([how["last"]])
            records.append(how["nonce"] + cipher.encrypt(how["nonce"], plain, additional))
        return self.change("records", records)

    def volume(self, number, first, records):
        """Volume `number`, from 1, and its root."""
        head = bytes(2 * COPY)
        if number > 1:
            head = struct.pack("<8s2HI32s", VOLUME_MAGIC, 1, 0, number, self.set_id)
            head = with_checksum(
                self.change("volume_head", bytearray(head.ljust(LATER_HEAD - 32, b"\0")), number), LATER_HEAD
            )
        out = head + b"".join(records)
        hashes = self.change("hashes", b"".join(sha256(record) for record in records), number)
        place = struct.pack("<32sIQQ", self.set_id, number, first, len(records))
        root = sha256(b"sealift/v1/volume-root", place, hashes)
        entries = []
        for kind, flags, section in self.change("sections", [(1, 1, hashes)], number):
            entries.append([kind, flags, len(out), len(section), sha256(section)])
            out += section
        self.change("entries", entries, number)
        directory = self.change(
            "directory", b"".join(struct.pack("<2I2Q32s", *entry) for entry in entries), number
        )
        fields = {
            "magic": FOOTER_MAGIC,
            "version": 1,
            "zero": 0,
            "number": number,
            "set_id": self.set_id,
            "first": first,
            "num": len(records),
            "dir_at": len(out),
            "dir_len": len(directory),
            "dir_hash": sha256(directory),
            "root": root,
            "length": len(out) + len(directory) + FOOTER,
            "rest": b"",
        }
        self.change("footer", fields, number)
        footer = struct.pack("<8s2HI32s4Q32s32sQ40s", *fields.values())
        mac = self.change("footer_mac", mac_of(self.subkey(b"volumes"), footer), number)
        footer = self.change("footer_block", with_checksum(footer + mac, FOOTER), number)
        return out + directory + footer, root

    def header(self, core, slots, which):
        fields = {
            **core,
            "sequence": 1,
            "slots": list(slots),
            "slots_len": None,
            "extensions": b"",
            "extensions_len": None,
            "mac_key": self.subkey(b"header-mac"),
            "mac": None,
            "signatures": b"",
            "signatures_len": None,
        }
        self.change("header", fields, which)
        # A slot is a kind and a body, and, where it is wrong, what stands in its zero field and its length.
        slots = b"".join(
            struct.pack("<2HI", kind, *(wrong or [0, len(body)])) + body
            for kind, body, *wrong in fields["slots"]
        )

        def length(name, part):
            return len(part) if fields[name] is None else fields[name]

        out = struct.pack("<8s2HIQ32s4I4Q32s32s32s", *[fields[name] for name in core])
        out += (
            struct.pack(
                "<QII",
                fields["sequence"],
                length("slots_len", slots),
                length("extensions_len", fields["extensions"]),
            )
            + slots
            + fields["extensions"]
        )
        out += fields["mac"] or mac_of(fields["mac_key"], out)
        out += le(length("signatures_len", fields["signatures"]), 4) + fields["signatures"]
        out = self.change("header_body", bytearray(out.ljust(COPY - 32, b"\0")), which)
        return self.change("copy", with_checksum(out, COPY), which)

    def write(self):
        """All volumes, in order; sets `fingerprint`."""
        index = self.index()
        payload = self.stored + index
        num = -(-len(payload) // self.record_bytes)
        records = self.seal(payload, num)
        each = self.volume_records if 0 < self.volume_records < num else 0
        volumes = []
        for first in range(0, num, each or num):
            volumes.append(self.volume(len(volumes) + 1, first, records[first : first + (each or num)]))
        set_root = sha256(
            b"sealift/v1/set-root", self.set_id, le(len(volumes), 8), *[root for _, root in volumes]
        )
        core = {
            "magic": MAGIC,
            "version": 1,
            "zero": 0,
            "state": 1,
            "critical": 0,
            "set_id": self.set_id,
            "record_bytes": self.record_bytes,
            "volume_records": each,
            "num_volumes": len(volumes),
            "zero_2": 0,
            "num_records": num,
            "payload_bytes": len(payload),
            "index_offset": len(self.stored),
            "index_bytes": len(index),
            "set_root": set_root,
            "base_root": bytes(32),
            "commitment": self.subkey(b"commitment"),
        }
        self.change("core", core)
        packed = struct.pack("<8s2HIQ32s4I4Q32s32s32s", *core.values())
        self.fingerprint = hashlib.sha256(b"sealift/v1/fingerprint" + packed).hexdigest()
        slots = self.change("slots", [self.password_slot()])
        head = self.header(core, slots, "A") + self.header(core, slots, "B")
        files = [volume for volume, _ in volumes]
        files[0] = head + files[0][2 * COPY :]
        return self.change("files", files)
