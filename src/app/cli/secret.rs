//! Where passphrases come from: a file, a descriptor, a prompt. Never an argument, never the environment.

use std::{
    fs::File,
    io::{IsTerminal, Read},
    path::Path,
};

use clap::ArgMatches;
use sealift::{
    Code, Credentials, Error, Fact, Identities, Identity, Passphrase, RegistryAccess, Result, SigningKey,
    WordList,
};
use zeroize::Zeroizing;

use super::{Env, ask, hygiene, output};

/// Times a user may mistype at the prompt.
const ATTEMPTS: usize = 3;
/// What lets a user type a new passphrase once more.
const MISTYPED: [Code; 3] = [Code::ShortPassphrase, Code::PassphraseMismatch, Code::BadPassphrase];
/// What the paths of open descriptors begin with.
const DESCRIPTORS: [&str; 3] = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];
/// More than any passphrase and its line end.
const MAX_BYTES: u64 = 1100;
/// More than any name and token: some are signed documents.
const MAX_CREDENTIALS_BYTES: u64 = 64 << 10;

/// A passphrase that is there already: from a file or descriptor.
fn given(matches: &ArgMatches, prefix: &str) -> Result<Option<Passphrase>> {
    if let Some(path) = matches.get_one::<std::path::PathBuf>(&format!("{prefix}password-file")) {
        return read(path).map(Some);
    }
    match matches.get_one::<u32>(&format!("{prefix}password-fd")) {
        Some(fd) => read(Path::new(&format!("/dev/fd/{fd}"))).map(Some),
        None => Ok(None),
    }
}

/// Opens a file with a secret: a regular one, or a descriptor that is open already, as a shell's `<(…)` is. Any other pipe
/// would block until somebody writes to it.
fn open(path: &Path) -> Result<File> {
    let is_descriptor = DESCRIPTORS.iter().any(|folder| path.starts_with(folder));
    let is_file = path.metadata().map_err(|e| Error::read(path, e))?.is_file();
    if is_file || is_descriptor {
        return File::open(path).map_err(|e| Error::read(path, e));
    }
    Err(Error::new(Code::Read).worded(Fact::Detail, "detail-not-a-file", &[]).at(path))
}

fn read(path: &Path) -> Result<Passphrase> {
    let mut bytes = Vec::with_capacity(2 * MAX_BYTES as usize);
    open(path)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|e| Error::read(path, e))?;
    Passphrase::new(bytes).map_err(|e| e.with(Fact::Path, path.display()))
}

/// How a registry is to be entered: `--creds-file` and `--plain-http`.
pub(super) fn access(matches: &ArgMatches) -> Result<RegistryAccess> {
    let credentials = match matches.get_one::<std::path::PathBuf>("creds-file") {
        None => None,
        Some(path) => {
            let mut text = Zeroizing::new(Vec::with_capacity(2 * MAX_CREDENTIALS_BYTES as usize));
            let file = open(path)?;
            file.take(MAX_CREDENTIALS_BYTES).read_to_end(&mut text).map_err(|e| Error::read(path, e))?;
            Some(Credentials::parse(&text).map_err(|e| e.at(path))?)
        }
    };
    Ok(RegistryAccess { credentials, plain_http: matches.get_flag("plain-http"), create_projects: false })
}

/// Runs `work` with the registry's credentials: those given, those of auth files, or what the user then types.
pub(super) fn entered<T>(
    env: &Env,
    mut access: RegistryAccess,
    work: impl Fn(&RegistryAccess) -> Result<T>,
) -> Result<T> {
    match work(&access) {
        Err(e) if e.code() == Code::Unauthorized && access.credentials.is_none() && can_ask() => {
            output::note(e.message(env.out.lang));
            let host = e.context().into_iter().find(|(fact, _)| *fact == Fact::Registry);
            access.credentials = Some(ask_login(env, host.map_or("", |(_, host)| host))?);
            work(&access)
        }
        worked => worked,
    }
}

fn can_ask() -> bool {
    std::io::stdin().is_terminal() && output::is_terminal()
}

fn ask_login(env: &Env, host: &str) -> Result<Credentials> {
    let failed = |e: std::io::Error| Error::new(Code::Unauthorized).with(Fact::System, e);
    let mut username = String::new();
    output::note(env.out.t("prompt-user", &[("host", host.to_owned())]));
    hygiene::at_prompt(|| std::io::stdin().read_line(&mut username)).map_err(failed)?;
    let password = hygiene::secret(&env.out.t("prompt-registry", &[])).map_err(failed)?;
    Ok(Credentials::new(username.trim(), Zeroizing::new(password)))
}

fn ask(env: &Env, prompt: &str, prefix: &str) -> Result<Passphrase> {
    ask_for(env, prompt, prefix, false)?.ok_or_else(|| no_passphrase(prefix))
}

/// Names the option that would have given it.
fn no_passphrase(prefix: &str) -> Error {
    Error::new(Code::NoPassphrase).with(Fact::Expected, format!("--{prefix}password-file FILE"))
}

/// Asks for a passphrase; where it `may_be_empty`, an empty one is none.
fn ask_for(env: &Env, prompt: &str, prefix: &str, may_be_empty: bool) -> Result<Option<Passphrase>> {
    if !std::io::stdin().is_terminal() && File::open("/dev/tty").is_err() {
        return Err(no_passphrase(prefix));
    }
    let typed = hygiene::secret(&env.out.t(prompt, &[]));
    let typed = typed.map_err(|e| no_passphrase(prefix).with(Fact::System, e))?;
    if typed.is_empty() && may_be_empty { Ok(None) } else { Passphrase::new(typed.into_bytes()).map(Some) }
}

/// A new passphrase: given, or typed twice, up to three times. Long enough, or `--allow-weak`.
pub(super) fn new_passphrase(env: &Env, matches: &ArgMatches, prefix: &str) -> Result<Passphrase> {
    if let Some(passphrase) = given(matches, prefix)? {
        return long(passphrase, matches);
    }
    for _ in 1..ATTEMPTS {
        match typed_twice(env, matches, prefix) {
            Err(e) if MISTYPED.contains(&e.code()) => {
                output::note(e.message(env.out.lang));
                e.hint(env.out.lang).into_iter().for_each(output::note);
            }
            typed => return typed,
        }
    }
    typed_twice(env, matches, prefix)
}

fn typed_twice(env: &Env, matches: &ArgMatches, prefix: &str) -> Result<Passphrase> {
    // Told before it is typed a second time.
    let first = long(ask(env, "prompt-new", prefix)?, matches)?;
    let is_same = first.matches(&ask(env, "prompt-again", prefix)?);
    if is_same { Ok(first) } else { Err(Error::new(Code::PassphraseMismatch)) }
}

/// A new passphrase that lies in a file.
pub(super) fn new_from(path: &Path, matches: &ArgMatches) -> Result<Passphrase> {
    long(read(path)?, matches)
}

fn long(passphrase: Passphrase, matches: &ArgMatches) -> Result<Passphrase> {
    let is_taken = passphrase.is_long() || matches.get_flag("allow-weak");
    if is_taken { Ok(passphrase) } else { Err(Error::new(Code::ShortPassphrase)) }
}

/// A passphrase of random words, written to a new file that only its owner can read. It is never printed.
///
/// # Errors
/// `Exists`: the passphrase of another bundle is not written over.
pub(super) fn generate(path: &Path, matches: &ArgMatches) -> Result<Passphrase> {
    let tag = matches.get_one::<String>("words");
    let list = WordList::ALL.into_iter().find(|list| tag.is_some_and(|tag| tag == list.tag()));
    let words = sealift::generate_passphrase(list.unwrap_or_default());
    let line = Zeroizing::new([words.as_bytes(), b"\n"].concat());
    sealift::save_secret(path, &line)?;
    Passphrase::new(words.as_bytes().to_vec())
}

/// Whether a passphrase is given, or asked to be asked for.
pub(super) fn is_given(matches: &ArgMatches, prefix: &str) -> bool {
    let has = |name: &str| matches.contains_id(&format!("{prefix}{name}"));
    has("password-file") || has("password-fd") || matches.get_flag(&format!("{prefix}password"))
}

/// The keys in the files that `--identity` names.
fn identities(env: &Env, matches: &ArgMatches) -> Result<Vec<Identity>> {
    let ask = ask::terminal(env);
    let paths = matches.get_many::<String>("identity").unwrap_or_default();
    paths.map(|text| Identity::parse(text, &ask)).collect()
}

/// Unlocks with the keys given; without any, or with `--password`, asks for the passphrase up to three times.
pub(super) fn unlock<T>(
    env: &Env,
    matches: &ArgMatches,
    open: impl Fn(&Identities) -> Result<T>,
) -> Result<T> {
    let opened = unlock_all(env, matches, &[()], |&(), keys| open(keys))?;
    opened.into_iter().next().flatten().ok_or_else(|| Error::new(Code::KeyRefused))
}

/// As [`unlock`], for several bundles of which it suffices to open some: what no key opens comes back as none.
///
/// # Errors
/// Of the first, where none is opened; and any that is not about keys.
pub(super) fn unlock_all<B, T>(
    env: &Env,
    matches: &ArgMatches,
    bundles: &[B],
    open: impl Fn(&B, &Identities) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    let mut keys = identities(env, matches)?;
    let given = given(matches, "")?;
    let mut opened: Vec<Option<T>> = bundles.iter().map(|_| None).collect();
    if given.is_some() || (!keys.is_empty() && !matches.get_flag("password")) {
        keys.extend(given.map(Identity::Passphrase));
        let refused = sealift::unlock_more(bundles, &mut opened, &Identities::new(keys), open)?;
        return if opened.iter().any(Option::is_some) { Ok(opened) } else { refused.map_or(Ok(opened), Err) };
    }
    let keys = Identities::new(keys);
    let mut attempt = 1;
    loop {
        let is_some_open = opened.iter().any(Option::is_some);
        let Some(passphrase) =
            ask_for(env, if is_some_open { "prompt-more" } else { "prompt" }, "", is_some_open)?
        else {
            return Ok(opened);
        };
        let num_open = opened.iter().flatten().count();
        match sealift::unlock_more(bundles, &mut opened, &keys.with_passphrase(&passphrase), &open)? {
            None => return Ok(opened),
            Some(_) if opened.iter().flatten().count() > num_open => attempt = 1,
            Some(e) if e.code() == Code::KeyRefused && attempt < ATTEMPTS => {
                output::note(e.message(env.out.lang));
                attempt += 1;
            }
            Some(_) if is_some_open => return Ok(opened),
            Some(e) => return Err(e),
        }
    }
}

/// Opens the signing key at `path`: with no passphrase where it has none, with the one given, or asks up to three times.
pub(super) fn signing_key(env: &Env, matches: &ArgMatches, path: &Path) -> Result<SigningKey> {
    if !sealift::is_signing_key_locked(path)? {
        return sealift::read_signing_key(path, None);
    }
    let is_refused = |e: &Error| e.code() == Code::SigningKeyRefused;
    if let Some(passphrase) = given(matches, "key-")? {
        return sealift::read_signing_key(path, Some(&passphrase));
    }
    // cosign allows an empty password.
    match sealift::read_signing_key(path, None) {
        Err(e) if is_refused(&e) => {}
        opened => return opened,
    }
    for attempt in 1.. {
        match sealift::read_signing_key(path, Some(&ask(env, "prompt-signing-key", "key-")?)) {
            Err(e) if is_refused(&e) && attempt < ATTEMPTS => output::note(e.message(env.out.lang)),
            result => return result,
        }
    }
    Err(Error::new(Code::SigningKeyRefused))
}

/// Asks a question that is answered by yes or no; without a terminal the answer is no.
pub(super) fn confirm(env: &Env, prompt: &str) -> Result<bool> {
    if !can_ask() {
        return Ok(false);
    }
    output::note(env.out.t(prompt, &[]));
    let mut answer = String::new();
    hygiene::at_prompt(|| std::io::stdin().read_line(&mut answer))
        .map_err(|e| Error::new(Code::NotConfirmed).with(Fact::System, e))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "是"))
}

/// Whether the user wants an optional key to be used.
pub(super) fn is_wanted(matches: &ArgMatches) -> bool {
    is_given(matches, "") || matches.contains_id("identity")
}
