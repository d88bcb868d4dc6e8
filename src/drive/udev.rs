//! What udev knows of a block device: its database under `/run/udev/data`, one file `bMAJOR:MINOR` for each.
//!
//! Lines that begin with `E:` hold properties; those that `blkid` and `usb_id` found are used here. Anyone may read the files.

use std::{collections::HashMap, path::Path};

/// Properties of one device; empty where udev does not run.
#[derive(Debug, Default)]
pub(super) struct Properties(HashMap<String, String>);

impl Properties {
    /// Those of the device with numbers `dev` (`8:17`), in the folder `data`.
    pub(super) fn read(data: &Path, dev: &str) -> Self {
        let text = std::fs::read(data.join(format!("b{dev}"))).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let property = |line: &str| {
            let (name, value) = line.strip_prefix("E:")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Self(text.lines().filter_map(property).collect())
    }

    /// The value of `name`; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The exact text of `NAME_ENC`, where it is; else the value of `NAME`, in which udev replaces what is unusual.
    pub(super) fn exact(&self, name: &str) -> String {
        match decode(self.get(&format!("{name}_ENC"))).trim() {
            "" => self.get(name).trim().to_owned(),
            exact => exact.to_owned(),
        }
    }
}

/// Text in which unusual bytes are written `\xNN`.
fn decode(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        if let Some(byte) = rest.get(2..4).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &rest[4..];
        } else {
            bytes.extend_from_slice(b"\\x");
            rest = &rest[2..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_names_are_told_exactly() {
        assert_eq!(decode(r"MY\x20STICK"), "MY STICK");
        assert_eq!(decode(r"\xe4\xba\xa4\xe4\xbb\x98"), "交付");
        assert_eq!(decode(r"odd\x"), r"odd\x");
        assert_eq!(decode(r"odd\xzz\x2f"), r"odd\xzz/");
        assert_eq!(Properties::read(Path::new("/nowhere"), "8:1").exact("ID_FS_LABEL"), "");
    }
}
