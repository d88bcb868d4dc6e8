//! `TRANSPORT:REST` of a destination.

use std::{fmt, path::Path, str::FromStr};

use super::{Connect, KINDS, Kind, Target};
use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
    net::RegistryAccess,
};

/// Which destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestSpec {
    transport: &'static str,
    /// A path, or what an engine or a registry makes of it.
    rest: String,
    access: RegistryAccess,
}

impl DestSpec {
    /// The transport.
    pub fn transport(&self) -> &'static str {
        self.transport
    }

    /// How a registry is to be entered; other destinations have no use for it.
    #[must_use]
    pub fn with_access(self, access: RegistryAccess) -> Self {
        Self { access, ..self }
    }

    /// File or folder; `None` for engines and registries.
    pub fn path(&self) -> Option<&Path> {
        let kind = self.kind().ok()?;
        matches!(kind.connect, Connect::File(_)).then(|| Path::new(&self.rest))
    }

    /// Whether nothing of what is put there is seen before all of it is there and was compared with its digests, though it
    /// need not be removed when that fails. True of registries, where a blob without a manifest is none's, and of engines, which
    /// get the documents of an archive last.
    pub fn shows_all_at_once(&self) -> bool {
        self.kind().is_ok_and(|kind| !matches!(kind.connect, Connect::File(_)))
    }

    fn kind(&self) -> Result<&'static Kind> {
        let kind = KINDS.iter().find(|kind| kind.transport == self.transport);
        kind.ok_or_else(|| Error::new(Code::BadTransport).with(Fact::Found, self.transport))
    }

    /// Reaches it.
    pub(crate) fn connect(&self, ctx: &Ctx) -> Result<Box<dyn Target>> {
        match self.kind()?.connect {
            Connect::File(connect) => Ok(connect(Path::new(&self.rest))),
            Connect::Remote(connect) => connect(ctx, &self.rest),
            Connect::Registry(connect) => connect(ctx, &self.rest, &self.access),
        }
    }
}

impl fmt::Display for DestSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slashes = if self.transport == "docker" { "//" } else { "" };
        write!(f, "{}:{slashes}{}", self.transport, self.rest)
    }
}

impl FromStr for DestSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unavailable = || Error::new(Code::BadTransport).with(Fact::Found, text);
        let (prefix, rest) = text.split_once(':').ok_or_else(unavailable)?;
        let kind = KINDS.iter().find(|kind| kind.transport == prefix).ok_or_else(unavailable)?;
        let rest = match kind.connect {
            Connect::Registry(_) => rest.strip_prefix("//").unwrap_or_default(),
            _ => rest,
        };
        if rest.is_empty() && !matches!(kind.connect, Connect::Remote(_)) {
            return Err(unavailable());
        }
        Ok(Self { transport: kind.transport, rest: rest.to_owned(), access: RegistryAccess::default() })
    }
}
