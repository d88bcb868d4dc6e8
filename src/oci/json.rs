//! JSON from outside: bounded in size and depth, without duplicate keys.
//!
//! Two readers that disagree on a duplicate key see two different images; a deep document overflows a
//! stack. Both are refused before anything of the document is used. Engines are written in Go, whose reader takes
//! `Manifests` for `manifests` (<https://pkg.go.dev/encoding/json#Unmarshal>), so such keys count as duplicates.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::error::{Code, Error, Fact, Result};

/// Largest manifest or index (the distribution spec's own limit).
pub(crate) const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Largest image config.
pub(crate) const MAX_CONFIG_BYTES: u64 = 8 << 20;
/// Deepest nesting.
const MAX_DEPTH: usize = 32;
/// Most members of the objects that are open at one point of a document: all their keys are remembered.
const MAX_KEYS: usize = 100_000;

/// Parses `bytes`, after checking depth and keys; `entry` names the document in errors.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], entry: &str) -> Result<T> {
    let bad = |e: serde_json::Error| {
        Error::new(Code::BadJson).with(Fact::Entry, entry).with(Fact::System, &e).caused_by(e)
    };
    // Windows tools put a byte order mark before JSON; it is not part of the document.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // The type first: one with limits of its own refuses a document without end before all of it is walked.
    let parsed = serde_json::from_slice(bytes).map_err(bad)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Strict { depth: 0, num_keys: &Cell::new(0), is_free: false }
        .deserialize(&mut deserializer)
        .map_err(bad)?;
    Ok(parsed)
}

/// Walks a document without building it.
struct Strict<'a> {
    depth: usize,
    /// Keys remembered at all depths.
    num_keys: &'a Cell<usize>,
    /// Whether keys are what users chose, and each is another.
    is_free: bool,
}

/// Members whose own keys are chosen by users: annotations and labels, paths and ports of a config, what is attested.
const FREE: [&str; 5] = ["annotations", "labels", "volumes", "exposedports", "predicate"];

/// A key as Go's reader compares it with the name of a field.
fn folded(key: &str) -> String {
    let fold = |c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

impl Strict<'_> {
    fn deeper<E: de::Error>(&self) -> std::result::Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1, ..*self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while seq.next_element_seed(self.deeper()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let name = if self.is_free { key.clone() } else { folded(&key) };
            let is_free = self.is_free || FREE.contains(&name.as_str());
            if !keys.insert(name) {
                return Err(de::Error::custom(format_args!("duplicate key {key:?}")));
            }
            self.num_keys.update(|num| num + 1);
            if self.num_keys.get() > MAX_KEYS {
                return Err(de::Error::custom(format_args!("more than {MAX_KEYS} members")));
            }
            map.next_value_seed(Strict { is_free, ..self.deeper()? })?;
        }
        self.num_keys.update(|num| num - keys.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_documents_parse() {
        let parse = |text: &str| parse::<serde_json::Value>(text.as_bytes(), "x");
        assert!(parse(r#"{"a":[1,{"b":null,"c":-1.5e3}],"d":{"b":true}}"#).is_ok());
        assert!(parse("\u{feff}{}").is_ok());
        assert!(parse(r#"{"Labels":{"version":"1","Version":"2"},"annotations":{"k":"","K":""}}"#).is_ok());
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(&deep(32)).is_ok());
        // Members of objects that are closed again do not count.
        let members = |num: usize| {
            format!("{{{}}}", (0..num).map(|n| format!("\"{n}\":0")).collect::<Vec<_>>().join(","))
        };
        assert!(parse(&members(MAX_KEYS)).is_ok());
        assert!(parse(&format!("[{0},{0}]", members(MAX_KEYS))).is_ok());
        for bad in [
            &members(MAX_KEYS + 1),
            &format!(r#"{{"a":{}}}"#, members(MAX_KEYS)),
            &deep(33),
            &deep(100_000),
            r#"{"a":1,"a":1}"#,
            r#"{"x":{"a":1,"\u0061":2}}"#,
            r#"{"manifests":[],"Manifests":[]}"#,
            r#"{"manifests":[],"manife\u017fts":[]}"#,
            r#"{"x":{"os":"a","OS":"b"}}"#,
            "",
            "{",
            "{} {}",
            "nul",
        ] {
            assert_eq!(parse(bad).unwrap_err().code(), Code::BadJson, "{bad:.40}");
        }
    }
}
