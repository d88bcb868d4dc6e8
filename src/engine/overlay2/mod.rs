//! Docker's own files under the `overlay2` driver: configs byte for byte, and layers as they can be put together again.
//!
//! Nothing is believed for lying there: whoever reads a layer compares it with its digest. moby: layer/filestore.go,
//! `fileMetadataStore`, and image/fs.go.

mod tar_split;

use std::{
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, File},
};
use flate2::bufread::MultiGzDecoder;

use super::LayerStore;
use crate::{
    digest::Digest,
    error::{Code, Error, Fact, Result},
    oci::MAX_CONFIG_BYTES,
};
use tar_split::TarSplit;

/// Most bytes of a file that holds one name: a digest is 71 long, a cache ID 64.
const MAX_NAME_BYTES: u64 = 128;

/// The data root of an engine.
pub(super) struct Overlay2 {
    root: Dir,
    path: PathBuf,
}

impl Overlay2 {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority()).map_err(|e| Error::read(path, e))?;
        Ok(Self { root, path: path.to_owned() })
    }

    fn file(&self, path: &str) -> Result<File> {
        self.root.open(path).map_err(|e| Error::read(&self.path.join(path), e))
    }

    fn small(&self, path: &str, max_bytes: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.file(path)?.take(max_bytes + 1).read_to_end(&mut bytes);
        read.map_err(|e| Error::read(&self.path.join(path), e))?;
        if bytes.len() as u64 > max_bytes {
            return Err(Error::new(Code::Limit).with(Fact::Limit, max_bytes).at(&self.path.join(path)));
        }
        Ok(bytes)
    }

    fn same(&self, path: &str, expected: Digest, found: &str) -> Result<()> {
        if found == expected.to_string() {
            return Ok(());
        }
        let error = Error::new(Code::SourceMismatch).with(Fact::Expected, expected).with(Fact::Found, found);
        Err(error.at(&self.path.join(path)))
    }
}

impl LayerStore for Overlay2 {
    fn config(&self, id: &Digest) -> Result<Vec<u8>> {
        let path = format!("image/overlay2/imagedb/content/sha256/{}", id.hex());
        let bytes = self.small(&path, MAX_CONFIG_BYTES)?;
        self.same(&path, *id, &Digest::of(&bytes).to_string())?;
        Ok(bytes)
    }

    fn layer(&self, chain_id: &Digest, diff_id: &Digest) -> Result<Box<dyn Read + Send>> {
        let entry = format!("image/overlay2/layerdb/sha256/{}", chain_id.hex());
        let name = |file: &str| {
            let bytes = self.small(&format!("{entry}/{file}"), MAX_NAME_BYTES)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        self.same(&entry, *diff_id, &name("diff")?)?;
        let folder = format!("overlay2/{}/diff", name("cache-id")?);
        let files = self.root.open_dir(&folder).map_err(|e| Error::read(&self.path.join(&folder), e))?;
        let entries = BufReader::new(self.file(&format!("{entry}/tar-split.json.gz"))?);
        Ok(Box::new(TarSplit::new(BufReader::new(MultiGzDecoder::new(entries)), files)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::fs::{Existing, write};

    #[test]
    fn configs_and_layers_are_given_only_under_the_digests_they_were_asked_by() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: String, bytes: &[u8]| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            write(&path, bytes, Existing::Replace).unwrap();
        };
        let (config, diff_id, chain_id) = (b"{}", Digest::of(b"tar"), Digest::of(b"chain"));
        let contents = "image/overlay2/imagedb/content/sha256";
        put(format!("{contents}/{}", Digest::of(config).hex()), config);
        put(format!("{contents}/{}", diff_id.hex()), config);
        let entry = format!("image/overlay2/layerdb/sha256/{}", chain_id.hex());
        put(format!("{entry}/diff"), diff_id.to_string().as_bytes());
        put(format!("{entry}/cache-id"), b"abc");
        put("overlay2/abc/diff/name".into(), b"t");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let entries = concat!(r#"{"type":1,"name":"name","size":1,"payload":null}"#, "\n");
        gzip.write_all(entries.as_bytes()).unwrap();
        put(format!("{entry}/tar-split.json.gz"), &gzip.finish().unwrap());

        let store = Overlay2::open(dir.path()).unwrap();
        assert_eq!(store.config(&Digest::of(config)).unwrap(), config);
        assert_eq!(store.config(&diff_id).unwrap_err().code(), Code::SourceMismatch);
        assert_eq!(store.config(&chain_id).unwrap_err().code(), Code::NotFound);
        let mut tar = Vec::new();
        store.layer(&chain_id, &diff_id).unwrap().read_to_end(&mut tar).unwrap();
        assert_eq!(tar, b"t");
        let refusal =
            |chain_id: &Digest, diff_id: &Digest| store.layer(chain_id, diff_id).err().unwrap().code();
        assert_eq!(refusal(&chain_id, &chain_id), Code::SourceMismatch);
        assert_eq!(refusal(&diff_id, &diff_id), Code::NotFound);
        put(format!("{entry}/cache-id"), b"../../../elsewhere");
        assert_ne!(refusal(&chain_id, &diff_id), Code::Cancelled);
        put(format!("{entry}/cache-id"), &[b'a'; 200]);
        assert_eq!(refusal(&chain_id, &diff_id), Code::Limit);
    }
}
