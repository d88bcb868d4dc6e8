"""An index that is authentic and breaks a rule of docs/bundle-format.md §4.2 or §4.3."""

import json

from case import Case, bad
from encode import LAYER, Bundle, compact, digest_of
from zstd_frames import repeating

ABSENT = digest_of(b"a blob outside")


def content(name, **changes):
    """Frames of 10 bytes each; three blobs in them, two images, one of them without a name."""
    bundle = Bundle(name, **changes)
    one, two = bundle.frame(b"0123456789"), bundle.frame(b"abcdefghij")
    layer = bundle.blob(b"012345abc", LAYER, [[one, 0, 6], [two, 0, 3]])
    target = bundle.manifest([layer])
    bundle.image(target, "docker.io/library/a:1", "docker.io/library/a:2")
    bundle.image(target)
    bundle.layer = layer["digest"]
    return bundle


def broken(name, comment, change, code="BUNDLE-09"):
    """`change` gets the index and the layer's entry in it."""
    bundle = content(f"index-{name}")

    def index(index):
        layer = next(blob for blob in index["blobs"] if blob["digest"] == bundle.layer)
        return change(index, layer)

    bundle.changes["index"] = index
    return Case(code, comment, bundle)


def lists():
    """Every list, and every member that must be there with its type."""
    for member in ("created", "tool", "images", "blobs", "frames"):
        yield broken(
            f"no-{member}",
            f'no member "{member}"',
            lambda index, _, member=member: index.pop(member) and None,
        )
    for member, value in (
        ("created", None),
        ("created", 20260101),
        ("tool", ["testkit"]),
        ("images", {}),
        ("blobs", {}),
        ("frames", {}),
    ):
        yield broken(
            f"{member}-is-{type(value).__name__.lower()}",
            f'"{member}" of another type',
            lambda index, _, member=member, value=value: index.update({member: value}),
        )
    for part in ("images", "blobs"):
        singular = part[:-1]
        yield broken(
            f"{singular}-is-null",
            f"null among the {part}",
            lambda index, _, part=part: index[part].append(None),
        )
        yield broken(
            f"{singular}-is-list",
            f"the members of one of the {part} as a list",
            lambda index, _, part=part: index[part].__setitem__(0, list(index[part][0].values())),
        )
    yield broken(
        "frame-is-object",
        "a frame with names to its numbers",
        lambda index, _: index["frames"].__setitem__(0, {"codec": 0, "stored": 10, "content": 10}),
    )
    yield bad(
        "BUNDLE-09",
        "index-is-list",
        "the members of the index as a list",
        json=lambda text: json.dumps(list(json.loads(text).values())).encode(),
    )


def frames():
    for name, comment, entry in (
        ("codec-2", "a codec that does not exist", [2, 10, 10]),
        ("codec-256", "a codec too large for a byte", [256, 10, 10]),
        ("codec-minus-1", "a codec below zero", [-1, 10, 10]),
        ("codec-false", "a codec that is no number", [False, 10, 10]),
        ("codec-float", "a codec with a fraction", [0.0, 10, 10]),
        ("stored-shorter", "stored, and shorter than its content", [0, 9, 10]),
        ("stored-longer", "stored, and longer than its content", [0, 10, 9]),
        ("zstd-longer", "compressed, and longer than its content", [1, 10, 9]),
        ("zstd-empty", "compressed into nothing", [1, 0, 10]),
        ("content-empty", "no content", [1, 10, 0]),
        ("stored-and-content-empty", "stored nothing", [0, 0, 0]),
        ("content-over-16-mib", "a byte over 16 MiB", [1, 10, (16 << 20) + 1]),
        ("content-largest", "as long as a number can say", [1, 10, (1 << 32) - 1]),
        ("content-over-u32", "longer than a number can say", [1, 10, 1 << 32]),
        ("length-float", "a length with an exponent", [0, 10, 1e1]),
        ("two-numbers", "two numbers", [0, 10]),
        ("four-numbers", "four numbers", [0, 10, 10, 10]),
    ):
        yield broken(
            f"frame-{name}",
            f"a frame: {comment}",
            lambda index, _, entry=entry: index["frames"].__setitem__(1, entry),
        )
    yield broken(
        "frames-gap",
        "frames that leave a byte before the index",
        lambda index, _: index["frames"].__setitem__(1, [0, 9, 9]),
    )
    yield broken(
        "frames-missing", "the last frame is not listed", lambda index, _: index["frames"].pop() and None
    )
    yield broken(
        "frames-too-many",
        "a frame more than there are bytes",
        lambda index, _: index["frames"].append([0, 1, 1]),
    )
    yield broken(
        "frames-over-payload",
        "frames of more bytes than the whole bundle has",
        lambda index, _: index["frames"].extend([[0, 1 << 24, 1 << 24]] * 99),
    )


def blobs():
    def entry(**members):
        return lambda index, layer: layer.update(members)

    yield broken("blobs-unsorted", "blobs in descending order", lambda index, _: index["blobs"].reverse())
    yield broken(
        "blob-twice", "a blob is listed twice", lambda index, _: index["blobs"].insert(0, index["blobs"][0])
    )
    yield broken(
        "blob-twice-differently",
        "a blob is listed twice, with other extents",
        lambda index, layer: index["blobs"].insert(
            index["blobs"].index(layer), {**layer, "extents": [[1, 0, 9]]}
        ),
    )
    for member in ("digest", "size", "media_type", "extents"):
        yield broken(
            f"blob-no-{member.replace('_', '-')}",
            f'a blob without "{member}"',
            lambda index, layer, member=member: layer.pop(member) and None,
        )
    hexes = "0123456789abcdef" * 4
    for name, comment, digest in (
        ("upper-case", "capital letters", "sha256:" + hexes.upper()),
        ("short", "63 digits", "sha256:" + hexes[1:]),
        ("long", "65 digits", "sha256:" + hexes + "0"),
        ("path", "a path", "sha256:" + "../" * 21 + "x"),
        ("newline", "a line end behind it", "sha256:" + hexes + "\n"),
        ("sha512", "another algorithm", "sha512:" + hexes * 2),
        ("no-algorithm", "no algorithm", hexes),
        ("full-width", "digits that only look so", "sha256:" + hexes[1:] + "\uff10"),
        ("number", "a number", 7),
        ("null", "null", None),
    ):
        yield broken(
            f"blob-digest-{name}",
            f"a digest: {comment}",
            lambda index, _, digest=digest: index["blobs"].append(
                {"digest": digest, "size": 0, "media_type": "x", "extents": []}
            ),
        )
    for name, comment, size in (
        ("more", "a byte more than its extents", 10),
        ("less", "a byte less than its extents", 8),
        ("zero", "zero, with extents", 0),
        ("minus", "below zero", -9),
        ("float", "a fraction", 9.0),
        ("text", "text", "9"),
        ("over-u64", "above 2^64", (1 << 64) + 9),
        ("true", "true", True),
        ("null", "null", None),
    ):
        yield broken(f"blob-size-{name}", f"a blob's size: {comment}", entry(size=size))
    yield broken("blob-media-type-long", "a media type of 1,025 bytes", entry(media_type="x" * 1025))
    yield broken(
        "blob-media-type-long-utf-8",
        "a media type of 513 characters in 1,026 bytes",
        entry(media_type="\u00e9" * 513),
    )
    yield broken("blob-media-type-null", "a media type of null", entry(media_type=None))
    yield broken("blob-diff-id-text", "a diffID that is no digest", entry(diff_id="none"))
    yield broken("blob-diff-id-sha512", "a diffID of another algorithm", entry(diff_id="sha512:" + hexes * 2))
    yield broken("blob-diff-id-number", "a diffID that is a number", entry(diff_id=0))
    yield broken("blob-extents-null", "extents of null", entry(extents=None))


def extents():
    def first(*extent):
        return lambda index, layer: layer["extents"].__setitem__(0, list(extent))

    for name, comment, extent in (
        ("no-such-frame", "a frame that does not exist", (3, 0, 6)),
        ("frame-largest", "the highest frame number", ((1 << 32) - 1, 0, 6)),
        ("frame-over-u32", "a frame number too large", (1 << 32, 0, 6)),
        ("frame-minus-1", "a frame number below zero", (-1, 0, 6)),
        ("frame-true", "a frame number that is true", (True, 0, 6)),
        ("frame-float", "a frame number with a fraction", (0.0, 0, 6)),
        ("frame-text", "a frame number in text", ("0", 0, 6)),
        ("offset-at-end", "begins behind the frame", (0, 10, 6)),
        ("leaves-frame", "ends a byte behind the frame", (0, 5, 6)),
        ("offset-largest", "offset and length overflow 32 bits", (0, (1 << 32) - 1, 6)),
        ("offset-minus-1", "an offset below zero", (0, -1, 6)),
        ("length-null", "a length of null", (0, 0, None)),
        ("two-numbers", "two numbers", (0, 6)),
        ("four-numbers", "four numbers", (0, 0, 6, 0)),
        ("digest-short", "a digest of 63 digits", (ABSENT[:-1], 0, 6)),
        ("digest-upper-case", "a digest in capital letters", (ABSENT.upper(), 0, 6)),
    ):
        yield broken(f"extent-{name}", f"an extent: {comment}", first(*extent))
    yield broken(
        "extent-empty", "an extent of no bytes", lambda index, layer: layer["extents"].append([0, 0, 0])
    )
    yield broken(
        "extent-empty-at-end",
        "an extent of no bytes behind the end of a frame",
        lambda index, layer: layer["extents"].append([0, 10, 0]),
    )
    yield broken(
        "extent-of-empty-blob",
        "a blob of size 0 with an extent of no bytes",
        lambda index, layer: index["blobs"].append(
            {"digest": "sha256:" + "f" * 64, "size": 0, "media_type": "", "extents": [[0, 0, 0]]}
        ),
    )
    yield broken("extents-none", "a blob without its extents", lambda index, layer: layer.update(extents=[]))
    yield broken(
        "extents-is-object", "extents that are an object", lambda index, layer: layer.update(extents={})
    )
    top = (1 << 64) - 1
    yield broken(
        "extents-sum-overflows",
        "lengths that add up to the size modulo 2^64",
        lambda index, layer: layer.update(extents=[[ABSENT, 0, top], [ABSENT, 0, 10]]),
    )

    def outside(name, comment, *extents, code="BUNDLE-10"):
        size = sum(extent[2] for extent in extents if isinstance(extent[2], int))
        return broken(
            f"outside-{name}",
            comment,
            lambda index, layer: layer.update(extents=[list(extent) for extent in extents], size=size),
            code,
        )

    yield outside("one", "a run of a blob that is not in the bundle", (ABSENT, 5, 9))
    yield outside("among-others", "one run inside, one outside", (0, 0, 4), (ABSENT, 0, 5))
    yield outside(
        "own-blob",
        "a run of a blob that is in the bundle, as if it were outside",
        (digest_of(b"012345abc"), 0, 9),
    )
    yield outside("largest", "a run that ends just below 2^64", (ABSENT, top - 9, 9))
    yield outside("empty", "a run of no bytes", (ABSENT, 5, 0), code="BUNDLE-09")
    yield outside("overflows", "a run that ends at 2^64", (ABSENT, top - 8, 9), code="BUNDLE-09")
    yield outside("offset-over-u64", "an offset above 2^64", (ABSENT, 1 << 64, 9), code="BUNDLE-09")
    yield outside("offset-minus-1", "an offset below zero", (ABSENT, -1, 9), code="BUNDLE-09")


def images():
    def first(**members):
        return lambda index, _: index["images"][0].update(members)

    yield broken("target-absent", "the target is not among the blobs", first(target=ABSENT))
    yield broken("target-null", "the target is null", first(target=None))
    yield broken("target-no-digest", "the target is not a digest", first(target="latest"))
    yield broken("target-missing", "no target", lambda index, _: index["images"][0].pop("target") and None)
    yield broken("names-missing", "no names", lambda index, _: index["images"][0].pop("names") and None)
    yield broken("names-null", "names of null", first(names=None))
    yield broken("names-text", "a name that is not in a list", first(names="docker.io/library/a:1"))
    yield broken("name-number", "a name that is a number", first(names=[1]))
    yield broken("name-empty", "a name of no bytes", first(names=[""]))
    yield broken("name-long", "a name of 1,025 bytes", first(names=["x" * 1025]))
    yield broken("name-twice", "a name twice in one image", first(names=["latest", "latest"]))
    yield broken(
        "name-in-two-images",
        "a name in two images",
        lambda index, _: index["images"][1].update(names=["docker.io/library/a:1"]),
    )
    yield broken("name-surrogate", "half of a surrogate pair in a name", first(names=["\ud800"]))
    yield broken("synthesized-null", "synthesized: null", first(synthesized=None))
    yield broken("synthesized-number", "synthesized: 1", first(synthesized=1))
    yield broken("synthesized-text", 'synthesized: "true"', first(synthesized="true"))
    for name, comment, text in (
        ("upper-case", "a repository in capital letters", "docker.io/Library/A:1"),
        ("space", "a space", "docker.io/library/a b:1"),
        ("control", "an escape character", "docker.io/library/a\x1b[2J:1"),
        ("bidi", "a character that turns the direction", "docker.io/library/a\u202e:1"),
        ("path", "a path upwards", "../../etc/passwd"),
        ("newline", "a line end", "latest\n"),
        ("tag-long", "a tag of 129 characters", "docker.io/library/a:" + "t" * 129),
        ("word-long", "a bare word of 129 characters", "w" * 129),
        ("digest-short", "a digest of 63 digits", "docker.io/library/a@" + ABSENT[:-1]),
        ("no-repository", "a tag without a repository", "docker.io/library/:1"),
        ("two-tags", "two tags", "docker.io/library/a:1:2"),
        ("repository-long", "a repository of 260 characters", "docker.io/" + "a" * 260 + ":1"),
        ("nul", "a NUL behind a word", "latest\0"),
        ("host-underscore", "a registry with an underscore", "my_registry.local/a:1"),
        ("tag-digit", "a tag in digits that are not ASCII", "docker.io/library/a:\u0661"),
        ("tag-letter", "a tag in letters that are not ASCII", "docker.io/library/a:\u00e9"),
        ("backtracking", "a wrong end behind 200 letters", "docker.io/library/" + "a" * 200 + "!:1"),
    ):
        yield broken(f"name-grammar-{name}", f"a name that is no reference: {comment}", first(names=[text]))
    # A reader that completes such names shows others than one that does not, and sees no duplicates.
    for name, text in (
        ("registry", "library/a:1"),
        ("library", "a:1"),
        ("tag", "docker.io/library/a"),
        ("alias", "index.docker.io/library/a:1"),
    ):
        yield broken(
            f"name-not-full-{name}",
            f"a name that is not complete, or not in its one full form: {text}",
            first(names=[text]),
        )
    many = content("index-images-10001")

    def repeat_last(_, text):
        before, image, after = text.partition(compact(many.images[-1]))
        return repeating(before + image, b"," + image, 9_999, after)

    many.changes["index_bytes"] = repeat_last
    yield Case("BUNDLE-09", "one image more than allowed", many)


def longest():
    """A list that is one longer than a reader takes, in a few KiB."""
    most = 4 << 20
    many = content("index-extents-4194305")

    def more_extents(_, text):
        # Of four extents, one is left out; the size of their blob fits what is there instead.
        text = text.replace(b'"size":9,', b'"size":%d,' % (most - 1))
        before, after = text.split(b"[[0,0,6],[1,0,3]]")
        return repeating(before + b"[[0,0,1]", b",[0,0,1]", most - 3, b",[0,0,1]]" + after)

    many.changes["index_bytes"] = more_extents
    yield Case("BUNDLE-09", "one extent more than allowed", many)


def cases():
    for topic in (lists, frames, blobs, extents, images, longest):
        yield from topic()
