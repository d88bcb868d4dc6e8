//! How sensitive an image is: what a delivery is divided by.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Fact};

/// A sensitivity class; a later one is the more sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Anyone may have it.
    Public,
    /// For the customer's own people.
    Internal,
    /// For those who are named.
    Secret,
}

impl Class {
    /// Every class, the least sensitive first.
    pub const ALL: [Self; 3] = [Self::Public, Self::Internal, Self::Secret];
    /// The label of an image that names its class.
    pub const LABEL: &str = "sealift.class";

    /// How it is written in arguments, files, labels and names of bundles.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Secret => "secret",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Class {
    type Err = Error;

    /// # Errors
    /// [`Code::BadClass`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|class| class.tag() == text);
        found.ok_or_else(|| {
            let error = Error::new(Code::BadClass).with(Fact::Found, text);
            error.with(Fact::Expected, Self::ALL.map(Self::tag).join(", "))
        })
    }
}
