//! What a program file runs on, as its own ELF header tells.

use std::path::Path;

use object::{
    Endianness, FileKind,
    elf::{self, FileHeader64},
    read::{ReadCache, elf::FileHeader},
};

use crate::{
    error::{Code, Error, Fact, Result},
    fs::open_file,
};

/// In a few words, the system that the program at `path` needs: `Linux x86_64, glibc 2.17`.
///
/// # Errors
/// [`Code::Read`] when it is no program for Linux.
pub(super) fn system(path: &Path) -> Result<String> {
    let bad = |id| Error::new(Code::Read).worded(Fact::Detail, id, &[]).at(path);
    let broken = |e: object::read::Error| Error::new(Code::Read).with(Fact::System, e).at(path);
    let data = ReadCache::new(open_file(path)?);
    let kind = FileKind::parse(&data).map_err(|_| bad("detail-no-program"))?;
    if kind != FileKind::Elf64 {
        return Err(bad("detail-no-linux-program"));
    }
    let header = FileHeader64::<Endianness>::parse(&data).map_err(broken)?;
    let endian = header.endian().map_err(broken)?;
    let machine = match header.e_machine(endian) {
        elf::EM_X86_64 => "x86_64",
        elf::EM_AARCH64 => "aarch64",
        _ => return Err(bad("detail-other-processor")),
    };
    let newest = newest_glibc(header, endian, &data).map_err(broken)?;
    Ok(newest.map_or_else(
        || format!("Linux {machine}"),
        |(major, minor)| format!("Linux {machine}, glibc {major}.{minor}"),
    ))
}

/// The newest version of glibc whose symbols it asks for; none for a static program.
fn newest_glibc(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    data: &ReadCache<std::fs::File>,
) -> object::read::Result<Option<(u32, u32)>> {
    let sections = header.sections(endian, data)?;
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, data)? else { return Ok(None) };
    let strings = sections.strings(endian, data, strings)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            let name = String::from_utf8_lossy(version.name(endian, strings)?).into_owned();
            newest = newest.max(parse(&name));
        }
    }
    Ok(newest)
}

/// `GLIBC_2.17` as two numbers.
fn parse(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.strip_prefix("GLIBC_")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_tells_what_it_runs_on() {
        let system = system(&std::env::current_exe().unwrap()).unwrap();
        let glibc = system.rsplit_once("glibc 2.").map(|(_, minor)| minor.parse::<u32>().unwrap());
        assert!(system.starts_with("Linux ") && glibc.is_some_and(|minor| minor >= 17), "{system}");
        assert_eq!(super::system(Path::new(file!())).unwrap_err().code(), Code::Read);
    }

    #[test]
    fn versions_are_numbers() {
        assert!(parse("GLIBC_2.9") < parse("GLIBC_2.17"));
        assert_eq!(parse("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(parse("GLIBC_PRIVATE"), None);
    }
}
