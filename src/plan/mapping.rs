//! Names on their way from a vendor's registry to a site's: `registry.vendor.com/* = harbor.site.local/vendor/*`.

use std::{io::Read, path::Path};

use crate::{
    error::{Code, Error, Fact, Result},
    fs::open_file,
    oci::Name,
};

/// Most bytes of a mapping file.
const MAX_MAPPING_BYTES: u64 = 1 << 20;

/// Reads the mapping file at `path`; `FROM = TO` on each line, the first that fits counts; `#` begins a comment. A `*`
/// at the end of both stands for the rest of the name.
///
/// # Errors
/// [`Code::Usage`] with the number of the line; [`Code::Limit`] when it has more than 1 MiB.
pub fn read_mapping(path: &Path) -> Result<Vec<(String, String)>> {
    let mut text = String::new();
    let mut file = open_file(path)?.take(MAX_MAPPING_BYTES + 1);
    file.read_to_string(&mut text).map_err(|e| Error::read(path, e))?;
    if text.len() as u64 > MAX_MAPPING_BYTES {
        return Err(Error::new(Code::Limit).with(Fact::Limit, MAX_MAPPING_BYTES).at(path));
    }
    parse_mapping(&text).map_err(|e| e.at(path))
}

fn parse_mapping(text: &str) -> Result<Vec<(String, String)>> {
    let mut mapping = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let bad = || {
            let error = Error::new(Code::Usage).worded(
                Fact::Field,
                "field-mapping-line",
                &[("number", number.to_string())],
            );
            error.with(Fact::Found, line).worded(Fact::Expected, "form-mapping", &[])
        };
        let (from, to) = line.split_once('=').ok_or_else(bad)?;
        let (from, to) = (from.trim(), to.trim());
        if from.is_empty() || to.is_empty() || from.ends_with('*') != to.ends_with('*') {
            return Err(bad());
        }
        mapping.push((from.to_owned(), to.to_owned()));
    }
    Ok(mapping)
}

/// What the rules of a mapping make of an image's name; `None` where none fits. What is said of a whole name counts
/// more than a rule with a `*`.
///
/// # Errors
/// [`Code::BadReference`] when what comes of it is no name.
pub fn mapped_name(name: &Name, mapping: &[(String, String)]) -> Option<Result<Name>> {
    let whole = mapping.iter().filter(|(from, _)| !from.ends_with('*'));
    let whole = whole.rev().find(|(from, _)| name.is_meant_by(from)).map(|(_, to)| Name::qualified(to));
    whole.or_else(|| by_rule(name, mapping))
}

/// What the first rule with a `*` that fits makes of `name`.
pub(super) fn by_rule(name: &Name, mapping: &[(String, String)]) -> Option<Result<Name>> {
    mapping.iter().find_map(|(from, to)| map_name(name, from, to))
}

/// What a rule with a `*` makes of `name`; `None` where it does not fit.
fn map_name(name: &Name, from: &str, to: &str) -> Option<Result<Name>> {
    let (from, to) = (from.strip_suffix('*')?, to.strip_suffix('*')?);
    let whole = name.as_str();
    // Users write Docker's short form too.
    let rest = whole.strip_prefix(from).or_else(|| whole.strip_prefix("docker.io/")?.strip_prefix(from))?;
    Some(Name::qualified(&format!("{to}{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_file_is_read_and_its_faults_are_told_by_line() {
        let text = "# site\n\nregistry.vendor.com/* = harbor.site.local/vendor/*  # all\nnginx:1=web:1\n";
        let mapping = parse_mapping(text).unwrap();
        assert_eq!(mapping.len(), 2);
        assert_eq!(mapping[1], ("nginx:1".into(), "web:1".into()));
        for bad in ["a", "= b", "a/* = b", "x\n\na ="] {
            assert_eq!(parse_mapping(bad).unwrap_err().code(), Code::Usage, "{bad}");
        }
    }

    #[test]
    fn what_is_said_of_a_whole_name_counts_more() {
        let mapping =
            parse_mapping("corpus/* = a.local/*\ncorpus/x:1 = b.local/y:2\ncorpus/* = c.local/*").unwrap();
        let mapped = |name: &str| {
            mapped_name(&Name::qualified(name).unwrap(), &mapping).map(|name| name.unwrap().to_string())
        };
        assert_eq!(mapped("corpus/x:1").unwrap(), "b.local/y:2");
        assert_eq!(mapped("corpus/z:1").unwrap(), "a.local/z:1");
        assert_eq!(mapped("quay.io/z:1"), None);
    }

    #[test]
    fn a_star_stands_for_the_rest_of_a_name() {
        let mapped = |name: &str, from, to| {
            map_name(&Name::qualified(name).unwrap(), from, to).map(|name| name.unwrap().to_string())
        };
        let vendor = "registry.vendor.com/*";
        let site = "harbor.site.local/vendor/*";
        assert_eq!(
            mapped("registry.vendor.com/a/b:1", vendor, site).unwrap(),
            "harbor.site.local/vendor/a/b:1"
        );
        assert_eq!(mapped("corpus/a:1", "corpus/*", "site.local/c/*").unwrap(), "site.local/c/a:1");
        assert_eq!(mapped("quay.io/a:1", vendor, site), None);
    }
}
