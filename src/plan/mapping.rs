//! Names on their way from a vendor's registry to a site's: `registry.vendor.com/* = harbor.site.local/vendor/*`.

use std::path::Path;

use crate::{
    error::{Code, Error, Fact, Result},
    fs::read_text,
    job::Ctx,
    oci::Name,
};

/// Most bytes of a mapping file.
const MAX_MAPPING_BYTES: u64 = 1 << 20;
/// What may stand between the two names of a rule.
const ARROWS: [&str; 3] = ["→", "->", "="];

/// Reads the mapping file at `path`; `FROM = TO` on each line, the first that fits counts; `#` begins a comment. A `*`
/// at the end of both stands for the rest of the name.
///
/// # Errors
/// [`Code::BadRule`] with the number of the line; [`Code::Limit`] when it has more than 1 MiB.
pub fn read_mapping(path: &Path) -> Result<Vec<(String, String)>> {
    parse_mapping(&read_text(path, MAX_MAPPING_BYTES)?).map_err(|e| e.at(path))
}

fn parse_mapping(text: &str) -> Result<Vec<(String, String)>> {
    let mut mapping = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            mapping.push(parse_rule(line).map_err(|e| e.with(Fact::Line, number))?);
        }
    }
    Ok(mapping)
}

/// Reads `FROM=TO`, also written `FROM → TO` or `FROM -> TO`.
///
/// # Errors
/// [`Code::BadRule`]: half of it is missing, or a `*` stands elsewhere than at the end of both.
pub fn parse_rule(text: &str) -> Result<(String, String)> {
    let halves = ARROWS.into_iter().find_map(|arrow| text.split_once(arrow));
    let (from, to) = halves.map(|(from, to)| (from.trim(), to.trim())).unwrap_or_default();
    let (from_star, to_star) = (from.find('*'), to.find('*'));
    let ends = |half: &str, star: Option<usize>| star.is_none_or(|at| at + 1 == half.len());
    let is_rule = !from.is_empty() && !to.is_empty() && from_star.is_some() == to_star.is_some();
    if is_rule && ends(from, from_star) && ends(to, to_star) {
        Ok((from.to_owned(), to.to_owned()))
    } else {
        let error = Error::new(Code::BadRule).with(Fact::Found, text);
        Err(error.worded(Fact::Expected, "form-mapping", &[]))
    }
}

/// Rules with a `*` that fit none of `names`.
pub(super) fn idle_rules(ctx: &Ctx, names: &[&Name], mapping: &[(String, String)]) -> Result<Vec<String>> {
    let mut idle = Vec::new();
    for (from, to) in mapping.iter().filter(|(from, _)| from.ends_with('*')) {
        ctx.checkpoint()?;
        let is_met = to.ends_with('*') && names.iter().any(|name| rest_of(name, from).is_some());
        if !is_met {
            idle.push(format!("{from} → {to}"));
        }
    }
    Ok(idle)
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
    let (to, rest) = (to.strip_suffix('*')?, rest_of(name, from)?);
    Some(Name::qualified(&format!("{to}{rest}")))
}

/// What the `*` at the end of `from` stands for in `name`.
fn rest_of<'a>(name: &'a Name, from: &str) -> Option<&'a str> {
    let (whole, from) = (name.as_str(), from.strip_suffix('*')?);
    // Users write Docker's short form too.
    whole.strip_prefix(from).or_else(|| whole.strip_prefix("docker.io/")?.strip_prefix(from))
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
        let arrows = parse_mapping("corpus/* → site.local/*\na:1 -> b:1").unwrap();
        assert_eq!(arrows[0], ("corpus/*".into(), "site.local/*".into()));
        assert_eq!(arrows[1], ("a:1".into(), "b:1".into()));
        for bad in ["a", "= b", "a/* = b", "*=one:1", "a = b/*", "a/*/b = c", "a* = *b", "a/**=b/*", "→"] {
            assert_eq!(parse_rule(bad).unwrap_err().code(), Code::BadRule, "{bad}");
        }
        let error = parse_mapping("x = y\n\na =").unwrap_err();
        assert!(error.context().contains(&(Fact::Line, "3")), "{error:?}");
    }

    #[test]
    fn a_rule_that_fits_nothing_is_named() {
        let names = [Name::qualified("corpus/a:1").unwrap(), Name::qualified("quay.io/b:1").unwrap()];
        let names: Vec<&Name> = names.iter().collect();
        let mapping =
            parse_mapping("corpsu/* = a.local/*\ncorpus/* = b.local/*\nquay.io/* = b.local/*").unwrap();
        assert_eq!(idle_rules(&Ctx::new(), &names, &mapping).unwrap(), ["corpsu/* → a.local/*"]);
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
