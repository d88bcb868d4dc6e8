"""Right bundles by what is in them: images, blobs, extents, frames."""

from case import Case
from encode import INDEX, LAYER, MANIFEST, Bundle, compact, digest_of
from zstd_frames import COMPRESSED, COMPRESSED_CHECKSUM, COMPRESSED_NO_SIZE, RLE, TEXT, block, frame, repeated

DOCKER = "application/vnd.docker."


def case(name, comment, add, **options):
    """A bundle that `add` puts all content into."""
    bundle = Bundle(name, **options)
    add(bundle)
    return Case("ok", comment, bundle)


def named(name, comment, *names, **members):
    """One image with these names."""
    bundle = Bundle(name)
    bundle.image(bundle.manifest([bundle.blob(b"a layer", LAYER)]), *names, **members)
    return Case("ok", comment, bundle)


def images():
    yield named("image-untagged", "an image without a name")
    yield named(
        "image-several-names",
        "three names of one image, the registry with a port",
        "docker.io/library/a:1",
        "docker.io/library/a:latest",
        "registry.local:5000/deep/er/a:1.0_x-y",
    )
    yield named("image-bare-name", "a bare word, as an OCI layout may have it", "latest")
    yield named("image-bare-name-longest", "a bare word of 128 characters, every kind in it", "aZ09_.-+" * 16)
    yield named(
        "image-name-digest", "a name with a digest", "docker.io/library/a@sha256:" + "0123456789abcdef" * 4
    )
    yield named(
        "image-name-tag-and-digest",
        "a name with a tag and a digest",
        "quay.io/b/a:1.2@sha256:" + "0123456789abcdef" * 4,
    )
    yield named("image-name-tag-longest", "a tag of 128 characters", "docker.io/library/a:" + "t" * 128)
    yield named(
        "image-name-underscores", "underscores wherever a name may have them", "registry.local/a_b/c__d:_1"
    )
    yield named(
        "image-synthesized",
        "the manifest was made from the config",
        "docker.io/library/a:1",
        synthesized=True,
    )
    yield named(
        "image-not-synthesized",
        "the flag may also be written when it is false",
        "docker.io/library/a:1",
        synthesized=False,
    )

    def twice(bundle):
        target = bundle.manifest([bundle.blob(b"a layer", LAYER)])
        bundle.image(target, "docker.io/library/a:1")
        bundle.image(target, "docker.io/library/b:1")
        bundle.image(target)

    yield case("image-target-thrice", "three images with one target", twice)

    def two(bundle):
        base = bundle.blob(b"the base of both", LAYER)
        for number in range(2):
            own = bundle.blob(b"layer %d" % number, LAYER)
            bundle.image(bundle.manifest([base, own]), f"docker.io/library/a:{number}")

    yield case("image-two-share-layer", "two images with one layer in common", two)

    def repeated_layer(bundle):
        layer = bundle.blob(b"an empty directory", LAYER)
        bundle.image(bundle.manifest([layer, layer]), "docker.io/library/a:1")

    yield case("image-layer-twice", "one layer twice in one image", repeated_layer)

    def docker(bundle):
        layer = bundle.blob(b"a layer", DOCKER + "image.rootfs.diff.tar.gzip")
        target = bundle.manifest(
            [layer],
            DOCKER + "container.image.v1+json",
            DOCKER + "distribution.manifest.v2+json",
            rootfs={"diff_ids": [digest_of(b"raw")]},
        )
        bundle.image(target, "docker.io/library/a:1")

    yield case(
        "image-docker-types", "Docker's media types; a gzip layer whose diffID is not its digest", docker
    )

    def index(bundle, extra=(), depth=1):
        target = bundle.manifest([bundle.blob(b"a layer", LAYER)])
        entries = [{**target, "platform": {"architecture": "amd64", "os": "linux"}}, *extra]
        for _ in range(depth):
            document = compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
            entries = [bundle.blob(document, INDEX)]
        bundle.image(entries[0], "docker.io/library/a:1")

    yield case("image-index", "the target is an image index", index)
    absent = {
        "mediaType": MANIFEST,
        "digest": digest_of(b"elsewhere"),
        "size": 9,
        "platform": {"architecture": "arm64", "os": "linux"},
    }
    yield case(
        "image-index-absent-platform",
        "a platform that the index lists is not in the bundle",
        lambda bundle: index(bundle, [absent]),
    )
    attestation = {
        **absent,
        "platform": {"architecture": "unknown", "os": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    yield case(
        "image-index-absent-attestation",
        "an attestation that the index lists is not in the bundle",
        lambda bundle: index(bundle, [attestation]),
    )
    yield case(
        "image-index-nested", "an index in an index in an index", lambda bundle: index(bundle, depth=3)
    )

    def many(bundle):
        target = bundle.manifest([bundle.blob(b"a layer", LAYER)])
        for number in range(20):
            bundle.image(target, f"docker.io/library/a:{number}")

    yield case("image-many", "20 images", many)


def blobs():
    def empty(bundle):
        bundle.image(bundle.manifest([bundle.blob(b"", LAYER)]), "docker.io/library/a:1")

    yield case("blob-empty", "a layer of no bytes has no extents", empty)

    def diff_id(bundle):
        layer = bundle.blob(b"pretend this is gzip", LAYER + "+gzip", diff_id=digest_of(b"and this the tar"))
        bundle.image(bundle.manifest([layer], rootfs={"diff_ids": [digest_of(b"and this the tar")]}))

    yield case("blob-diff-id", "a layer with the digest of its tar", diff_id)
    yield case(
        "blob-diff-id-null",
        "the digest of the tar may be null",
        lambda bundle: bundle.blob(b"x", LAYER, diff_id=None),
    )
    yield case(
        "blob-media-type-longest",
        "a media type of 1,024 bytes",
        lambda bundle: bundle.blob(b"x", "\u00e9" * 512),
    )
    yield case("blob-media-type-empty", "a media type of no bytes", lambda bundle: bundle.blob(b"x", ""))
    yield case("blob-one-byte", "a blob, a frame and an extent of one byte", lambda bundle: bundle.blob(b"x"))

    def shared(bundle):
        number = bundle.frame(b"0123456789")
        bundle.blob(b"0123456", extents=[[number, 0, 7]])
        bundle.blob(b"3456789", extents=[[number, 3, 7]])
        bundle.blob(b"0123456789", extents=[[number, 0, 10]])

    yield case("extents-overlap", "three blobs lie over each other in one frame", shared)

    def again(bundle):
        number = bundle.frame(b"0123456789")
        bundle.blob(b"2342342349", extents=[[number, 2, 3], [number, 2, 3], [number, 2, 3], [number, 9, 1]])

    yield case("extents-repeat", "one run of a frame three times in one blob", again)

    def backwards(bundle):
        first, second = bundle.frame(b"0123456789"), bundle.frame(b"abcdefghij")
        bundle.blob(b"ja90", extents=[[second, 9, 1], [second, 0, 1], [first, 9, 1], [first, 0, 1]])

    yield case("extents-backwards", "the runs of a blob in descending order", backwards)

    def scattered(bundle):
        numbers = [bundle.frame(bytes([number] * 3)) for number in range(200)]
        order = numbers[::2] + numbers[1::2]
        bundle.blob(
            b"".join(bytes([number] * 2) for number in order), extents=[[number, 1, 2] for number in order]
        )

    yield case(
        "extents-many-frames", "a blob of runs in 200 frames, two bytes from the middle of each", scattered
    )

    def alternating(bundle):
        one, two = bundle.frame(b"one"), bundle.frame(b"two")
        bundle.blob(b"onetwo" * 100, extents=[[one, 0, 3], [two, 0, 3]] * 100)

    yield case("extents-alternate", "200 runs that take turns between two frames", alternating)


def frames():
    def one(content, stored=None, codec=None):
        def add(bundle):
            number = bundle.frame(content, stored, codec=codec)
            bundle.blob(content, extents=[[number, 0, len(content)]])

        return add

    yield case("frame-stored", "a stored frame", one(b"as it is"))
    yield case("frame-zstd", "a compressed frame", one(TEXT, COMPRESSED))
    yield case(
        "frame-zstd-checksum", "a compressed frame with zstd's own checksum", one(TEXT, COMPRESSED_CHECKSUM)
    )
    yield case(
        "frame-zstd-no-size",
        "a compressed frame that does not declare its size",
        one(TEXT, COMPRESSED_NO_SIZE),
    )
    yield case(
        "frame-zstd-run-length",
        "a megabyte of one byte in 45 bytes",
        one(b"z" * (1 << 20), repeated(b"z", 1 << 20)),
    )
    yield case(
        "frame-zstd-window-128-mib",
        "no size declared, and a window of 128 MiB",
        one(b"z" * 1000, frame(b"", window=0x88, blocks=block(RLE, 1000, b"z", True))),
    )
    for name, what, descriptor in (("1-gib", "1 GiB", 0xA0), ("largest", "almost 4 GiB, the largest", 0xAF)):
        yield case(
            f"frame-zstd-window-{name}",
            f"no size declared, and a window of {what}",
            one(b"z" * 1000, frame(b"", window=descriptor, blocks=block(RLE, 1000, b"z", True))),
        )
    tight = repeated(b"=", 13)
    yield case(
        "frame-zstd-no-gain", "a compressed frame as long as its content", one(b"=" * len(tight), tight)
    )
    yield case(
        "frame-stored-looks-like-zstd", "a stored frame whose content is a zstd frame", one(COMPRESSED)
    )
    yield case(
        "frame-16-mib", "a frame of 16 MiB, the largest", one(b"z" * (16 << 20), repeated(b"z", 16 << 20))
    )

    def unused(bundle):
        bundle.frame(b"nobody needs this")
        bundle.blob(b"a blob")
        bundle.frame(TEXT, COMPRESSED)

    yield case("frame-unused", "frames that no blob uses, first and last", unused)

    def partly(bundle):
        number = bundle.frame(TEXT, COMPRESSED)
        bundle.blob(TEXT[100:200], extents=[[number, 100, 100]])

    yield case("frame-partly-used", "most of a frame is used by no blob", partly)

    def far(bundle):
        bundle.blob(bundle.zeros(65536 - 60))
        number = bundle.frame(TEXT, COMPRESSED)
        bundle.blob(TEXT, extents=[[number, 0, len(TEXT)]])

    yield case("frame-zstd-across-border", "a compressed frame lies in two records", far)


def cases():
    yield from images()
    yield from blobs()
    yield from frames()
