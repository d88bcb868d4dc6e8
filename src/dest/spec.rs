//! `TRANSPORT:PATH` of a destination.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{KINDS, Kind};
use crate::error::{Code, Error, Fact, Result};

/// Which destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestSpec {
    transport: &'static str,
    path: PathBuf,
}

impl DestSpec {
    /// The transport.
    pub fn transport(&self) -> &'static str {
        self.transport
    }

    /// File or folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn kind(&self) -> Result<&'static Kind> {
        let kind = KINDS.iter().find(|kind| kind.transport == self.transport);
        kind.ok_or_else(|| Error::new(Code::BadTransport).with(Fact::Found, self.transport))
    }
}

impl FromStr for DestSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unavailable = || Error::new(Code::BadTransport).with(Fact::Found, text);
        let (prefix, path) = text.split_once(':').ok_or_else(unavailable)?;
        let kind =
            KINDS.iter().find(|kind| kind.transport == prefix && !path.is_empty()).ok_or_else(unavailable)?;
        Ok(Self { transport: kind.transport, path: path.into() })
    }
}
