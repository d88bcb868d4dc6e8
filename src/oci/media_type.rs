//! Media types: OCI's and Docker's names for the same few things.

/// What a media type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaKind {
    Index,
    Manifest,
    /// Docker's first manifest format, which nothing can restore faithfully.
    Schema1,
    Other,
}

impl MediaKind {
    pub(crate) fn of(media_type: &str) -> Self {
        match media_type {
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json" => Self::Index,
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json" => Self::Manifest,
            "application/vnd.docker.distribution.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v1+prettyjws" => Self::Schema1,
            _ => Self::Other,
        }
    }
}

/// Whether a layer is compressed with zstd.
pub(crate) fn is_zstd_layer(media_type: &str) -> bool {
    media_type.ends_with("+zstd") || media_type.ends_with(".zstd")
}

/// Whether a layer lies uncompressed, so that its digest is its diffID.
pub(super) fn is_raw_layer(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.layer.v1.tar"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar"
            | "application/vnd.docker.image.rootfs.diff.tar"
    )
}

/// Whether a blob may be a file-system layer (as opposed to an attestation or other artifact).
pub(super) fn is_layer(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.oci.image.layer.")
        || media_type.starts_with("application/vnd.docker.image.rootfs.")
}

/// Whether a blob is an image config.
pub(super) fn is_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    )
}
