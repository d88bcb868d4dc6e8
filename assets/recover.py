#!/usr/bin/env python3
"""Recovers the images of a Sealift bundle without Sealift. Paragraphs (§) are those of docs/bundle-format.md.

    recover.py BUNDLE --out DIR [--password-file FILE]    writes an OCI image layout to DIR
    recover.py BUNDLE --list    [--password-file FILE]    checks every blob and prints the contents as JSON

BUNDLE is the first volume; the others lie beside it. A failure is one line, "CODE: message" (§9.3); the exit
status is then 3 for damage, 4 for a key, 2 for wrong usage, 1 for the rest.
Needs Python 3.9 and: pip install cryptography argon2-cffi "zstandard>=0.19"
"""
import argparse, errno, functools, getpass, hashlib, hmac, json, os, re  # noqa: E401
import shutil, stat, struct, sys, unicodedata, warnings  # noqa: E401
from collections import namedtuple
from itertools import accumulate

import zstandard
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC, VOLUME_MAGIC, FOOTER_MAGIC = b"\x89SLFT\r\n\x1a", b"\x89SLFV\r\n\x1a", b"\x89SLFE\r\n\x1a"
MANGLED = b"\x89SLFT\n\x1a", b"\x89SLFT\r\r\n", b"\x09SLFT\r\n\x1a", b"\xef\xbf\xbdSLFT", b"\xc2\x89SLFT"
COPY, LATER_HEAD, FOOTER, ENTRY = 65536, 4096, 256, 56
MAX_INDEX, MAX_FRAME, MAX_LIST = 256 << 20, 16 << 20, 4 << 20
DIGEST = re.compile("sha256:[0-9a-f]{64}")
COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
NAME = re.compile(  # §4.3: a bare word, or registry/repository with tag, digest or both
    rf"[\w.+-]{{1,128}}|(?!index\.docker\.io/)(?!docker\.io/[^/]*$)(?=localhost/|[^/]*[.:][^/]*/){LABEL}(?:\.{LABEL})*(?::[0-9]+)?/"
    rf"(?P<repository>{COMPONENT}(?:/{COMPONENT})*)(?=[:@])(?::\w[\w.-]{{0,127}})?"
    r"(?:@sha(?:256:[0-9a-fA-F]{64}|384:[0-9a-fA-F]{96}|512:[0-9a-fA-F]{128}))?", re.ASCII)
HEADER = struct.Struct("<8s2HIQ32s4I4Q32s32s32sQ2I")
Header = namedtuple("Header", """magic version zero state critical set_id record_bytes volume_records num_volumes
    zero_2 num_records payload_bytes index_offset index_bytes set_root base_root commitment sequence slots_len
    extensions_len slots maced mac""")
Volume = namedtuple("Volume", "path number start first num hashes root footer")


class Refused(Exception):
    """A code of §9.3 and a message."""


def need(holds, code, message):
    if not holds:
        raise Refused(code, message)


def size_of(path):  # of a regular file, §9.1: a pipe would be waited for without end
    found = os.stat(path)
    need(stat.S_ISREG(found.st_mode), "IO-01", f"{path}: not a regular file")
    return found.st_size


def sync(folder):  # what was written and renamed in it outlasts a power cut
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_at(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        data = file.read(size)
    need(len(data) == size, "SOURCE-05", f"{path}: ends early")
    return data


def sha256(data):
    return hashlib.sha256(data).digest()


def is_whole(block):  # header copies, volume heads and footers end with a SHA-256 over their other bytes
    return sha256(block[:-32]) == block[-32:]


def hkdf(salt, key, label):  # HKDF-SHA-256 for 32 bytes: Extract, then the one block of Expand
    return hmac.digest(hmac.digest(salt, key, "sha256"), b"sealift/v1/" + label + b"\x01", "sha256")


def decode_slots(data):  # §3.2; None where they break a rule
    slots, at = [], 0
    while at < len(data):
        kind, zero, size = struct.unpack_from("<HHI", data, at) if at + 8 <= len(data) else (0, 1, 0)
        at += 8 + size
        if zero or size > 8192 or at > len(data) or len(slots) == 32:
            return None
        slots.append((kind, data[at - size:at]))
    return slots


def decode_header(copy):  # §3
    need(copy.startswith(MAGIC), "BUNDLE-11" if copy.startswith(MANGLED) else "BUNDLE-01", "not a whole bundle")
    need(len(copy) == COPY and is_whole(copy), "BUNDLE-05", "the header is damaged")
    fields, at = HEADER.unpack_from(copy), HEADER.size
    slots_end, maced_len = at + fields[-2], at + fields[-2] + fields[-1]
    slots = decode_slots(copy[at:slots_end])
    h = Header(*fields, slots, copy[:maced_len], copy[maced_len:maced_len + 32])
    need(h.version <= 1, "BUNDLE-02", f"version {h.version} of the format")
    need(h.version == 1, "BUNDLE-05", "the header is damaged")
    need(h.critical == 0, "BUNDLE-03", f"critical bits {h.critical:#x}")
    need(h.state == 1, "BUNDLE-04", "the bundle was never finished")
    rest = copy[maced_len + 32:-32]  # length of the signatures, signatures, zeros
    used = 4 + int.from_bytes(rest[:4], "little")
    fits = used <= len(rest) and not any(rest[used:]) and slots is not None
    need(fits and h.zero == h.zero_2 == 0 and h.record_bytes in [1 << n for n in range(16, 25)]
         and h.num_records == -(-h.payload_bytes // h.record_bytes) <= 1 << 32
         and h.num_volumes == (-(-h.num_records // h.volume_records) if h.volume_records else 1) <= 9999
         and (h.volume_records > 0) == (h.num_volumes > 1)
         and 0 < h.index_bytes == h.payload_bytes - h.index_offset, "BUNDLE-05", "the header is damaged")
    return h


def read_headers(path):  # the copies that can be used, newest first, §9.1
    size, headers, faults = size_of(path), [], []
    head = read_at(path, 0, min(size, 2 * COPY))
    need(size >= 2 * COPY or not head.startswith(MAGIC[:5]), "BUNDLE-06", f"{path}: cut off in the header")
    for copy in (head[:COPY], head[COPY:]):
        try:
            headers.append(decode_header(copy))
        except Refused as fault:
            faults.append(fault)
    rank = {"BUNDLE-01": 0, "BUNDLE-05": 1, "BUNDLE-11": 2, "BUNDLE-04": 3, "BUNDLE-02": 4, "BUNDLE-03": 4}
    if not headers:  # what a whole copy says counts more than damage to the other
        need(not head.startswith(VOLUME_MAGIC[:5]), "BUNDLE-12", "a later volume; give the first")
        raise max(reversed(faults), key=lambda fault: rank[fault.args[0]])
    return sorted(headers, key=lambda h: -h.sequence)


def lies_at(path, number, set_id):  # under its name, or set aside while it is replaced, §9.5
    name = path if number == 1 else f"{path}.{number:04}"
    aside, at = name + ".sealift-old", 24 if number == 1 else 16
    is_aside = os.path.isfile(aside) and os.path.getsize(aside) >= 64 and read_at(aside, at, 32) == set_id
    is_there = os.path.isfile(name) and os.path.getsize(name) >= 64 and read_at(name, at, 32) == set_id
    return aside if is_aside and not is_there else name


def open_volume(path, number, h):  # the shape of one volume, §5
    path = lies_at(path, number, h.set_id)
    need(os.path.exists(path), "BUNDLE-07", f"{path}: volume {number} of {h.num_volumes} is missing")
    size, start = size_of(path), 2 * COPY if number == 1 else LATER_HEAD
    first = (number - 1) * h.volume_records
    num = min(h.num_records - first, h.volume_records or h.num_records)
    plain = min(h.payload_bytes - first * h.record_bytes, num * h.record_bytes)
    least = start + plain + (28 + 32) * num + ENTRY + FOOTER
    if number > 1 and size >= LATER_HEAD:
        head, right = read_at(path, 0, LATER_HEAD), struct.pack("<8s2HI32s", VOLUME_MAGIC, 1, 0, number, h.set_id)
        damaged = "INTEGRITY-03" if head.startswith(VOLUME_MAGIC[:5]) else "BUNDLE-08"
        need(is_whole(head), damaged, f"{path}: volume head")
        need(head[:-32] == right.ljust(LATER_HEAD - 32, b"\0"), "BUNDLE-08", f"{path}: foreign or misplaced")
    need(size >= least, "BUNDLE-06", f"{path}: {size} bytes, expected {least}")
    footer = read_at(path, size - FOOTER, FOOTER)
    found = is_whole(footer) and footer.startswith(FOOTER_MAGIC)
    need(found, "INTEGRITY-03" if size == least else "BUNDLE-06", f"{path}: no footer at the end")
    place, dir_at, dir_len, dir_hash, root, whole = struct.unpack_from("<52sQQ32s32sQ", footer, 12)
    need(place == struct.pack("<I32sQQ", number, h.set_id, first, num), "BUNDLE-08", f"{path}: foreign volume")
    need(whole == size, "BUNDLE-06", f"{path}: {size} bytes, expected {whole}")
    fits = 0 < dir_len <= 64 * ENTRY and dir_len % ENTRY == 0 and dir_at + dir_len <= size - FOOTER
    directory, hashes = read_at(path, dir_at, dir_len) if fits else b"", None
    need(fits and sha256(directory) == dir_hash, "INTEGRITY-03", f"{path}: section directory")
    for kind, flags, offset, length, _ in struct.iter_unpack("<2I2Q32s", directory):
        need(kind == 1 or not flags & 1, "BUNDLE-03", f"{path}: critical section {kind}")
        if kind == 1:
            fits = hashes is None and length == 32 * num and offset + length <= dir_at + dir_len
            hashes = offset
        need(fits, "INTEGRITY-03", f"{path}: section of record hashes")
    need(hashes is not None, "INTEGRITY-03", f"{path}: no record hashes")
    return Volume(path, number, start, first, num, hashes, root, footer)


def open_volumes(path, h):
    volumes = [open_volume(path, number, h) for number in range(1, h.num_volumes + 1)]
    roots = struct.pack("<Q", len(volumes)) + b"".join(volume.root for volume in volumes)
    set_root = sha256(b"sealift/v1/set-root" + h.set_id + roots)
    need(set_root == h.set_root, "INTEGRITY-03", "the volumes are not those of the header")
    return volumes


def in_order(path, headers):  # one copy may be forged: those that fit the volumes first, and one must, §9.1 and §9.2
    fits, faults = [], []
    for h in headers:
        try:
            fits += open_volumes(path, h) and [h]
        except Refused as fault:
            faults.append(fault)
    if not fits:
        raise faults[0]
    return sorted(headers, key=lambda h: h not in fits)


def unlock(headers, passphrase):  # the newest authentic header and the bundle key, §7 and §9.2
    def passwords(slots):
        return [body for kind, body in slots if kind == 1 and len(body) == 120]

    tried = []
    for h in headers:  # all costs of a copy, before memory is taken for any; those in groups (§7.8) too; one copy suffices
        groups = [decode_slots(body[92:]) or [] for kind, body in h.slots if kind == 7]
        bodies = [body for members in [h.slots, *groups] for body in passwords(members)]
        costs = [struct.unpack_from("<3I", body, 16) for body in bodies]
        allowed = all(8 * p <= m <= 1 << 20 and 1 <= t <= 16 and 1 <= p <= 16 for m, t, p in costs)
        if allowed and sum(m * t for m, t, p in costs) <= 1 << 26:
            tried.append((h.set_id, passwords(h.slots)))
    need(tried, "KEY-03", "a slot is too costly to try")
    for set_id, body in dict.fromkeys((set_id, body) for set_id, bodies in tried for body in bodies):
        salt, m, t, p, commitment, nonce, wrapped = struct.unpack("<16s3I32s12s48s", body)
        slot_key = hash_secret_raw(passphrase, salt, t, m, p, 32, Type.ID, 0x13)
        if hkdf(set_id, slot_key, b"slot-commitment") != commitment:
            continue  # another's slot and a wrong passphrase look the same: try the next
        try:
            key = AESGCM(hkdf(set_id, slot_key, b"slot-wrap")).decrypt(nonce, wrapped, set_id + body[:60])
        except InvalidTag:
            continue
        for h in sorted(headers, key=lambda h: -h.sequence):
            mac = hmac.digest(hkdf(set_id, key, b"header-mac"), h.maced, "sha256")
            if hkdf(set_id, key, b"commitment") == h.commitment and hmac.compare_digest(mac, h.mac):
                return h, key
        raise Refused("KEY-04", "the header is not the one that was sealed")
    known = any(kind == 1 for h in headers for kind, _ in h.slots)
    raise Refused("KEY-01" if known else "KEY-02", "no key slot opens with this passphrase")


def unzstd(data, size):  # one zstd frame of exactly `size` bytes, checked before memory is taken
    declared = zstandard.frame_content_size(data)
    fits = declared in (-1, size)
    if declared == -1 and 0x88 < data[5] <= 0xAF:  # a window of more than 128 MiB, which no content needs, §4.1
        data = b"".join((data[:5], b"\x88", data[6:]))
    plain = zstandard.ZstdDecompressor().decompress(data, size, allow_extra_data=False) if fits else b""
    need(len(plain) == size, "BUNDLE-09", "a compressed frame has another length")
    return plain


def decode_index(data, frames_bytes):  # §4.2, with every rule of §4.3
    def rule(holds):
        need(holds, "BUNDLE-09", "the index breaks a rule of the format")

    def typed(value, kind):  # the value; of a string, its length in bytes
        rule(type(value) is kind and (kind is not int or 0 <= value < 1 << 64))
        return len(value.encode()) if kind is str else value

    def members(pairs):
        rule(len(dict(pairs)) == len(pairs))
        return dict(pairs)

    def whole(text):  # a number; one with a sign is none of ours
        return int(text) if text.isdecimal() else float(text)

    size = zstandard.frame_content_size(data)
    rule(0 < size <= MAX_INDEX)
    text = unzstd(data, size).decode()
    index = json.loads(text, object_pairs_hook=members, parse_int=whole, parse_constant=lambda _: rule(False))
    json.dumps(index, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    images, blobs, frames = (typed(index[name], list) for name in ("images", "blobs", "frames"))
    rule(len(images) <= 10_000 and len(blobs) <= 100_000 and typed(index["created"] + index["tool"], str) >= 0)
    rule(sum(len(typed(image["names"], list)) for image in images) <= 100_000)
    rule(len(frames) <= MAX_LIST and sum(len(typed(blob["extents"], list)) for blob in blobs) <= MAX_LIST)
    for codec, stored, plain in ([typed(number, int) for number in typed(frame, list)] for frame in frames):
        rule(0 < plain <= MAX_FRAME and (stored == plain if codec == 0 else codec == 1 and 0 < stored <= plain))
    rule(sum(frame[1] for frame in frames) == frames_bytes)
    last, names, digests = "", set(), {blob["digest"] for blob in blobs}
    for blob in blobs:
        rule(DIGEST.fullmatch(blob["digest"]) and last < blob["digest"] and typed(blob["media_type"], str) <= 1024)
        rule(blob.get("diff_id") is None or DIGEST.fullmatch(blob["diff_id"]))
        for place, offset, length in (typed(extent, list) for extent in typed(blob["extents"], list)):
            limit = (1 << 64) - 1 if DIGEST.fullmatch(str(place)) else frames[typed(place, int)][2]
            rule(0 < typed(length, int) and typed(offset, int) + length <= limit)
        rule(sum(extent[2] for extent in blob["extents"]) == typed(blob["size"], int) <= 1 << 44)
        last = blob["digest"]
    for image in images:
        rule(image["target"] in digests and typed(image.get("synthesized", False), bool) in (False, True))
        for name in typed(image["names"], list):
            rule(0 < typed(name, str) <= 1024 and name not in names and (found := NAME.fullmatch(name)))
            rule(len(found["repository"] or "") <= 255 and len(name) <= 512)
            names.add(name)
    return images, blobs, frames


class Bundle:
    def __init__(self, path, header, key):
        self.header, self.volumes = header, open_volumes(path, header)
        self.subkey = functools.partial(hkdf, header.set_id, key)
        for v in self.volumes:  # record hashes against the root, footer against its MAC, §5
            place, end = struct.pack("<32sIQQ", header.set_id, v.number, v.first, v.num), v.hashes + 32 * v.num
            root = hashlib.sha256(b"sealift/v1/volume-root" + place)
            for at in range(v.hashes, end, 1 << 20):
                root.update(read_at(v.path, at, min(1 << 20, end - at)))
            mac = hmac.digest(self.subkey(b"volumes"), v.footer[:192], "sha256")
            authentic = root.digest() == v.root and hmac.compare_digest(mac, v.footer[192:224])
            need(authentic, "INTEGRITY-03", f"{v.path}: record hashes or footer altered")
        need(header.index_bytes <= MAX_INDEX, "BUNDLE-09", "the index is too large")
        for number in range(header.index_offset // header.record_bytes, header.num_records):
            v, sealed = self.sealed(number)
            listed = read_at(v.path, v.hashes + 32 * (number - v.first), 32)
            need(sha256(sealed) == listed, "INTEGRITY-01", f"{v.path}: record {number} is damaged")
        try:
            index = decode_index(self.plain(header.index_offset, header.index_bytes), header.index_offset)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zstandard.ZstdError) as error:
            raise Refused("BUNDLE-09", f"the index cannot be decoded: {error!r}")
        self.images, self.blobs, self.frames = index
        self.starts = [0, *accumulate(frame[1] for frame in self.frames)]
        self.used = {extent[0] for blob in self.blobs for extent in blob["extents"]}
        need(all(type(place) is int for place in self.used), "BUNDLE-10", "needs a blob that is not in the bundle")

    def sealed(self, number):  # a record as it lies in its volume, §2
        h, v = self.header, self.volumes[number // (self.header.volume_records or self.header.num_records)]
        size = min(h.payload_bytes - number * h.record_bytes, h.record_bytes) + 28
        return v, read_at(v.path, v.start + (number - v.first) * (h.record_bytes + 28), size)

    @functools.lru_cache(maxsize=4)
    def record(self, number):
        v, sealed = self.sealed(number)
        cipher = AESGCM(self.subkey(b"payload" + struct.pack("<Q", number >> 20)))
        try:
            aad = struct.pack("<QB", number, number + 1 == self.header.num_records)
            return cipher.decrypt(sealed[:12], sealed[12:], aad)
        except InvalidTag:
            raise Refused("INTEGRITY-01", f"{v.path}: record {number} is damaged")

    def plain(self, offset, size):
        each, end = self.header.record_bytes, offset + size
        numbers = range(offset // each, (end - 1) // each + 1)
        return b"".join(self.record(n)[max(offset - n * each, 0):end - n * each] for n in numbers)

    @functools.lru_cache(maxsize=8)
    def frame(self, number):  # §4.1
        codec, stored_len, plain_len = self.frames[number]
        stored = self.plain(self.starts[number], stored_len)
        try:
            return memoryview(unzstd(stored, plain_len) if codec else stored)
        except zstandard.ZstdError:
            raise Refused("BUNDLE-09", f"frame {number} does not decompress")

    def copy_blobs(self, folder):  # into `folder`, if any; a blob gets its name once its digest matched
        partial = os.path.join(folder, "partial") if folder else os.devnull
        for blob in sorted(self.blobs, key=lambda blob: blob["extents"][:1]):  # as they lie in the bundle
            digest = hashlib.sha256()
            with open(partial, "wb") as file:
                for number, offset, size in blob["extents"]:
                    piece = self.frame(number)[offset:offset + size]
                    digest.update(piece)
                    file.write(piece)
                if folder:
                    file.flush()
                    os.fsync(file.fileno())
            need("sha256:" + digest.hexdigest() == blob["digest"], "INTEGRITY-02", f"not {blob['digest']}")
            if folder:
                os.rename(partial, os.path.join(folder, digest.hexdigest()))
        for number in sorted(set(range(len(self.frames))) - self.used):
            self.frame(number)  # carries nothing, but must be whole

    def write_layout(self, out):
        blobs, manifests, folder = {b["digest"]: b for b in self.blobs}, [], os.path.join(out, "blobs", "sha256")
        for image in self.images:
            blob = blobs[image["target"]]
            entry = {"mediaType": blob["media_type"], "digest": blob["digest"], "size": blob["size"]}
            for name in image["names"]:
                full = {"io.containerd.image.name": name} if "/" in name else {}
                manifests.append({**entry, "annotations": {**full, "org.opencontainers.image.ref.name": name}})
            manifests += [] if image["names"] else [entry]
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
        os.makedirs(folder)
        try:
            self.copy_blobs(folder)
            for name, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
                with open(os.path.join(out, name), "w", encoding="ascii") as file:
                    json.dump(value, file, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
            for path in (folder, os.path.dirname(folder), out, os.path.dirname(os.path.abspath(out))):
                sync(path)
        except BaseException:
            shutil.rmtree(out, ignore_errors=True)
            raise


def read_passphrase(path):  # as the KDF takes it, §7.1
    warnings.simplefilter("error", getpass.GetPassWarning)  # rather than echo it
    try:
        with open(path or os.devnull, "rb") as file:
            data = file.read(4096) if path else getpass.getpass("Passphrase: ").encode("utf-8", "surrogateescape")
        text = data.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n").decode().removesuffix("\r")
    except (EOFError, getpass.GetPassWarning):
        raise Refused("USAGE-08", "no terminal to ask for the passphrase; use --password-file")
    except UnicodeDecodeError:
        text = ""
    fits = 0 < len(text.encode()) <= 1024 and not set(text) & set("\n\r\0")
    need(fits, "USAGE-07", "a passphrase is one line of 1 to 1,024 bytes of UTF-8")
    return unicodedata.normalize("NFC", text).encode()


def run():
    parser = argparse.ArgumentParser(description="Recovers the images of a Sealift bundle as an OCI image layout.")
    parser.error = lambda message: need(False, "USAGE-01", message)
    parser.add_argument("bundle", metavar="BUNDLE", help="first volume")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="DIR", help="folder to make")
    what.add_argument("--list", action="store_true", help="check every blob and print the contents as JSON")
    parser.add_argument("--password-file", metavar="FILE")
    args = parser.parse_args()
    free = not args.out or not os.path.lexists(args.out) or os.path.isdir(args.out) and not os.listdir(args.out)
    need(free, "IO-04", f"{args.out} exists and is not an empty folder")
    aside = args.bundle + ".sealift-old"
    is_aside = os.path.isfile(aside) and not os.path.lexists(args.bundle)
    headers = read_headers(aside if is_aside else args.bundle)
    passphrase = read_passphrase(args.password_file)
    headers = in_order(args.bundle, headers)  # a missing volume is told before the KDF runs
    bundle = Bundle(args.bundle, *unlock(headers, passphrase))
    if args.out:
        return bundle.write_layout(args.out)
    bundle.copy_blobs(None)
    images = [{"names": image["names"], "target": image["target"]} for image in bundle.images]
    print(json.dumps({"images": images, "blobs": {blob["digest"]: blob["size"] for blob in bundle.blobs}}))


def main():
    io = {errno.ENOENT: 5, errno.EACCES: 6, errno.EPERM: 6, errno.EROFS: 6, errno.ENOSPC: 3, errno.EFBIG: 8}
    areas = {"USAGE": 2, "BUNDLE": 3, "INTEGRITY": 3, "KEY": 4, "JOB": 130}
    others = {"BUNDLE-01": 1, "BUNDLE-02": 1, "BUNDLE-03": 1, "BUNDLE-10": 1, "BUNDLE-12": 2, "KEY-04": 3}
    try:
        return run()
    except Refused as refused:
        code, message = refused.args
    except OSError as error:
        code, message = f"IO-0{io.get(error.errno, 1)}", error
    except KeyboardInterrupt:
        code, message = "JOB-01", "cancelled"
    words = " ".join(str(message).split())  # names in it may hold what a terminal acts on
    shown = "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in words)
    print(f"{code}: {shown}", file=sys.stderr)
    sys.exit(others.get(code, areas.get(code.split("-")[0], 1)))


if __name__ == "__main__":
    main()
