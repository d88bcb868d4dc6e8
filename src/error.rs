//! The one error type: what happened, the facts, what to do — in words, in both languages.
//!
//! Every failure a user can meet is one [`Code`]. Its wording lives in `assets/locales/*/errors.ftl`,
//! as `CODE` (what happened) and `CODE.hint` (what to do); this module alone puts them together.

use std::{any::Any, fmt, io, path::Path};

use crate::locale::{Lang, Shown, human_bytes, lookup, text};

/// Result with Sealift's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The class of a failure; the command line's exit status follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The operation failed: files, space, a source that cannot be read.
    Failed,
    /// The request itself is wrong.
    Usage,
    /// Damage, or a digest that does not match.
    Integrity,
    /// No key that was given opens the bundle.
    Key,
    /// The user stopped it.
    Cancelled,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal, $kind:ident;)*) => {
        /// What happened. Stable: scripts may rely on [`Code::id`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The printed form, `AREA-NN`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The class.
            pub const fn kind(self) -> ErrorKind {
                match self { $(Self::$name => ErrorKind::$kind,)* }
            }
        }
    };
}

codes! {
    /// The user or a shell cancelled.
    Cancelled = "JOB-01", Cancelled;
    /// A thread of this program panicked: a fault in the program itself.
    Fault = "JOB-02", Failed;

    /// Arguments that do not fit together.
    Usage = "USAGE-01", Usage;
    /// Not an image reference.
    BadReference = "USAGE-02", Usage;
    /// A transport name that is not known, or not available here.
    BadTransport = "USAGE-03", Usage;
    /// The selection names no image that is there.
    NoSuchImage = "USAGE-04", Usage;
    /// No images at all.
    NothingToPack = "USAGE-05", Usage;
    /// Two images would end under one name.
    NameTaken = "USAGE-06", Usage;
    /// A passphrase that is empty, not UTF-8, or too long.
    BadPassphrase = "USAGE-07", Usage;
    /// A passphrase is needed and none can be asked for.
    NoPassphrase = "USAGE-08", Usage;
    /// The two passphrases typed differ.
    PassphraseMismatch = "USAGE-09", Usage;
    /// The volume size is below what a volume needs, or gives too many volumes.
    BadVolumeSize = "USAGE-10", Usage;
    /// Not a digest.
    BadDigest = "USAGE-11", Usage;
    /// A new passphrase is shorter than it should be.
    ShortPassphrase = "USAGE-12", Usage;
    /// A file of text that is UTF-16.
    NotUtf8 = "USAGE-13", Usage;
    /// A rule for names that cannot be used.
    BadRule = "USAGE-14", Usage;
    /// A registry is named without a repository.
    NoRepository = "USAGE-15", Usage;

    /// A file of sensitivity classes that cannot be used.
    BadClasses = "CLASS-01", Usage;
    /// No sensitivity class.
    BadClass = "CLASS-02", Usage;
    /// Nothing says which sensitivity class an image has.
    NoClass = "CLASS-03", Usage;
    /// A bundle has the name of a part of a delivery and is none of its parts.
    PartForeign = "CLASS-04", Integrity;

    /// Reading failed.
    Read = "IO-01", Failed;
    /// Writing failed.
    Write = "IO-02", Failed;
    /// The file system is full.
    DiskFull = "IO-03", Failed;
    /// The target exists.
    Exists = "IO-04", Failed;
    /// No such file.
    NotFound = "IO-05", Failed;
    /// Permission denied.
    Denied = "IO-06", Failed;
    /// Less free space than the plan needs.
    NoSpace = "IO-07", Failed;
    /// A file is larger than its file system takes.
    FileTooLarge = "IO-08", Failed;
    /// Another run writes the same file.
    Busy = "IO-09", Failed;
    /// The medium or its file system is write-protected.
    WriteProtected = "IO-10", Failed;
    /// A file that must not be changed in place: a link, or what may be somebody else's.
    NotInPlace = "IO-11", Failed;

    /// No engine answers at the address.
    EngineUnreachable = "ENGINE-01", Failed;
    /// The engine's socket may not be opened.
    EngineDenied = "ENGINE-02", Failed;
    /// The engine reported an error.
    EngineFailed = "ENGINE-03", Failed;
    /// The engine's program is not installed.
    NoProgram = "ENGINE-04", Failed;
    /// What stands there after a restore is not what was sent.
    ReadBackMismatch = "ENGINE-05", Integrity;
    /// A tag there points at another image.
    TagTaken = "ENGINE-06", Usage;
    /// The destination lacks something that it had when the restore was planned.
    DestinationChanged = "ENGINE-07", Failed;
    /// A layer cannot be put together from an engine's own files.
    LayerUnreadable = "ENGINE-08", Failed;
    /// Docker has no context of that name.
    NoSuchContext = "ENGINE-09", Failed;
    /// Nothing but signatures and other artifacts was chosen, and the destination holds images alone.
    OnlyArtifacts = "ENGINE-10", Usage;

    /// The content is no kind of image source.
    NotASource = "SOURCE-01", Failed;
    /// A root file system, not an image.
    ContainerExport = "SOURCE-02", Failed;
    /// A text encoder went over a tar.
    TextMangled = "SOURCE-03", Failed;
    /// Not a well-formed archive.
    BadArchive = "SOURCE-04", Failed;
    /// The file ends early.
    SourceTruncated = "SOURCE-05", Failed;
    /// A JSON document that is malformed or hostile.
    BadJson = "SOURCE-06", Failed;
    /// A limit of the format or of safety.
    Limit = "SOURCE-07", Failed;
    /// A path or link that leads out of the archive.
    UnsafePath = "SOURCE-08", Failed;
    /// One path twice in an archive.
    DuplicateEntry = "SOURCE-09", Failed;
    /// A blob that is listed and not there.
    BlobMissing = "SOURCE-10", Failed;
    /// A source's blob does not match its digest.
    SourceMismatch = "SOURCE-11", Integrity;
    /// A source changed under the read.
    SourceChanged = "SOURCE-12", Failed;
    /// Docker manifest schema 1.
    Schema1 = "SOURCE-13", Failed;
    /// Neither an image manifest nor an index.
    BadMediaType = "SOURCE-14", Failed;
    /// Manifest and config tell different stories.
    Inconsistent = "SOURCE-15", Failed;

    /// No way to the registry: no such host, no route.
    Unreachable = "NET-01", Failed;
    /// Nothing listens at that port.
    Refused = "NET-02", Failed;
    /// No answer in time.
    TimedOut = "NET-03", Failed;
    /// The connection broke, again and again.
    ConnectionLost = "NET-04", Failed;
    /// The certificate's issuer is not trusted here.
    UnknownCa = "NET-05", Failed;
    /// The certificate is past its time, or before it.
    CertificateExpired = "NET-06", Failed;
    /// The certificate is for another host.
    CertificateName = "NET-07", Failed;
    /// The server wants a client certificate, or another one.
    ClientCertificate = "NET-08", Failed;
    /// TLS failed otherwise.
    Tls = "NET-09", Failed;
    /// The server speaks plain HTTP.
    PlainHttp = "NET-10", Failed;
    /// A file of `certs.d` cannot be used.
    BadCertificateFile = "NET-11", Failed;
    /// An auth file cannot be used.
    BadAuthFile = "NET-12", Failed;
    /// A credential helper failed.
    HelperFailed = "NET-13", Failed;
    /// Credentials are missing or wrong.
    Unauthorized = "NET-14", Failed;
    /// The user may not do this.
    Forbidden = "NET-15", Failed;
    /// The registry has no such repository, tag or blob.
    NotInRegistry = "NET-16", Failed;
    /// The project has to be created first.
    NoProject = "NET-17", Failed;
    /// A redirect that would give up privacy, or leads in circles.
    RedirectRefused = "NET-18", Failed;
    /// A digest that the registry states, or content it sends, is not what was asked for.
    RegistryMismatch = "NET-19", Integrity;
    /// More or fewer bytes than the manifest says.
    RegistrySize = "NET-20", Integrity;
    /// The project's quota or the registry's disk is full.
    Quota = "NET-21", Failed;
    /// A proxy takes no request of this size.
    RequestTooLarge = "NET-22", Failed;
    /// Too many requests.
    RateLimited = "NET-23", Failed;
    /// The registry does not support what is needed.
    Unsupported = "NET-24", Failed;
    /// The server failed.
    ServerFailed = "NET-25", Failed;
    /// What answers is no registry.
    NotARegistry = "NET-26", Failed;
    /// A registry keeps nothing that has no name.
    Nameless = "NET-27", Usage;
    /// The registry takes no index without all its parts.
    IncompleteIndex = "NET-28", Failed;
    /// The registry lets nobody move the tag.
    TagImmutable = "NET-29", Failed;
    /// The client certificate that is shown has ended.
    ClientCertificateEnded = "NET-30", Failed;

    /// Not a bundle at all.
    NotABundle = "BUNDLE-01", Failed;
    /// A newer format version.
    NewerVersion = "BUNDLE-02", Failed;
    /// A critical bit this program does not know.
    UnknownCritical = "BUNDLE-03", Failed;
    /// Never finished.
    Unsealed = "BUNDLE-04", Integrity;
    /// Both header copies are damaged.
    HeaderDamaged = "BUNDLE-05", Integrity;
    /// A volume is shorter or longer than it should be.
    Truncated = "BUNDLE-06", Integrity;
    /// A volume is not there.
    VolumeMissing = "BUNDLE-07", Integrity;
    /// A volume of another bundle, or another place in this one.
    VolumeForeign = "BUNDLE-08", Integrity;
    /// The index, though authentic, breaks a rule of the format.
    BadIndex = "BUNDLE-09", Integrity;
    /// The bundle needs a blob that is not in it.
    ExternalBlob = "BUNDLE-10", Failed;
    /// The transfer was done in text mode.
    BundleMangled = "BUNDLE-11", Integrity;
    /// A later volume was given in place of the first.
    NotFirstVolume = "BUNDLE-12", Usage;

    /// A record is damaged.
    RecordDamaged = "INTEGRITY-01", Integrity;
    /// A blob does not match its digest.
    BlobMismatch = "INTEGRITY-02", Integrity;
    /// Record hashes do not add up to the header's set root.
    RootMismatch = "INTEGRITY-03", Integrity;

    /// A drive gives back other bytes than were written to it, or none.
    DriveLies = "HANDOFF-01", Integrity;
    /// The drive went away while it was used.
    DriveGone = "HANDOFF-02", Failed;
    /// Files of an earlier bundle have the names that are needed.
    StaleInTheWay = "HANDOFF-03", Failed;
    /// No folder and no drive of that name.
    NoSuchDrive = "HANDOFF-04", Usage;
    /// A drive without a mounted file system.
    DriveNotReady = "HANDOFF-05", Failed;
    /// A bundle of several volumes is larger than what is free on the drive.
    DoesNotFit = "HANDOFF-06", Failed;
    /// A handoff was cancelled; what is copied so far stays for the next.
    HandoffStopped = "HANDOFF-07", Cancelled;
    /// The bundle is on the drive and whole, but a file of the restore kit came back with other bytes.
    KitLies = "HANDOFF-08", Integrity;
    /// The bundle is on the drive and whole, but the restore kit could not be written.
    KitNotWritten = "HANDOFF-09", Failed;

    /// More is damaged than the recovery data can rebuild.
    BeyondRepair = "REPAIR-01", Integrity;
    /// Not a repair request, or a code that was mistyped.
    BadRequest = "REPAIR-02", Failed;
    /// A repair request of another bundle.
    RequestForeign = "REPAIR-03", Usage;
    /// An answer to a repair request that is damaged or cut short.
    BadAnswer = "REPAIR-04", Integrity;
    /// An answer that is for another bundle.
    AnswerForeign = "REPAIR-05", Usage;

    /// No slot opens with what was given.
    KeyRefused = "KEY-01", Key;
    /// The slots are all of kinds this program does not know.
    NoUsableSlot = "KEY-02", Key;
    /// A slot asks for more memory or time than allowed.
    KdfTooCostly = "KEY-03", Key;
    /// The slot opened, and the header's MAC or commitment does not match.
    HeaderForged = "KEY-04", Integrity;
    /// The last slot cannot be removed.
    LastSlot = "KEY-05", Usage;
    /// All slots are taken.
    SlotsFull = "KEY-06", Usage;
    /// No slot of that number.
    NoSuchSlot = "KEY-07", Usage;
    /// None of the keys given opens any slot.
    IdentityRefused = "KEY-08", Key;
    /// Neither a key file, nor an identity, nor a share; or one that was mistyped.
    BadIdentity = "KEY-09", Usage;
    /// Not a recipient.
    BadRecipient = "KEY-10", Usage;
    /// An identity file opens only with its passphrase, which is wrong or was not given.
    IdentityLocked = "KEY-11", Key;
    /// A plugin of age is missing or failed.
    PluginFailed = "KEY-12", Failed;
    /// A share that was mistyped.
    BadShare = "KEY-13", Usage;
    /// More shares are needed.
    TooFewShares = "KEY-14", Key;
    /// A slot wants several keys at once, and not all were given.
    GroupIncomplete = "KEY-15", Key;
    /// Not a PKCS #11 URI that can be used.
    BadTokenUri = "KEY-16", Usage;
    /// A token's library cannot be loaded.
    NoModule = "KEY-17", Failed;
    /// No token like this is there.
    NoToken = "KEY-18", Failed;
    /// The token was taken out while it was used.
    TokenGone = "KEY-19", Failed;
    /// The token's PIN is wrong, or was not given.
    WrongPin = "KEY-20", Key;
    /// The token has locked itself.
    PinLocked = "KEY-21", Key;
    /// The token failed otherwise.
    TokenFailed = "KEY-22", Failed;
    /// Not the address of a key of Vault.
    BadVaultAddress = "KEY-23", Usage;
    /// The server is sealed.
    VaultSealed = "KEY-24", Failed;
    /// The server refuses the token or the role, or what is asked with it.
    VaultDenied = "KEY-25", Key;
    /// The server has no such key.
    VaultNoKey = "KEY-26", Failed;
    /// The server failed otherwise.
    VaultFailed = "KEY-27", Failed;
    /// A list of the user's own keys that cannot be used.
    BadKeyBook = "KEY-28", Failed;
    /// A name that no key can have, or that another of its kind has.
    KeyName = "KEY-29", Usage;
    /// Nothing to enter the server with: the file is missing or empty.
    NoVaultToken = "KEY-30", Failed;
    /// The new key opens the bundle already.
    KeyInUse = "KEY-31", Usage;
    /// A change of keys that was interrupted is completed; the one that was asked for is not done.
    KeyChangeCompleted = "KEY-32", Failed;

    /// Not a key file, or one that is damaged.
    BadSigningKey = "SIGN-01", Failed;
    /// A kind of key or of key file that is not supported.
    SigningKeyType = "SIGN-02", Failed;
    /// The passphrase does not open the key file.
    SigningKeyRefused = "SIGN-03", Key;
    /// A key file asks for more memory or time than is allowed.
    SigningKeyTooCostly = "SIGN-04", Key;
    /// No room for another signature.
    SignaturesFull = "SIGN-05", Usage;
    /// The bundle has no signature by that key.
    NoSuchSignature = "SIGN-06", Usage;
    /// A product or release that cannot be signed.
    BadStatement = "SIGN-07", Usage;
    /// Two usable header copies that are not of one bundle.
    CopiesDiffer = "SIGN-08", Integrity;

    /// A vendor that must have signed did not.
    NotSigned = "TRUST-01", Integrity;
    /// A vendor's signature does not fit the bundle.
    SignatureDamaged = "TRUST-02", Integrity;
    /// Signed longer ago than the policy allows.
    SignedTooLongAgo = "TRUST-03", Integrity;
    /// The release is older than the policy allows.
    ReleaseTooOld = "TRUST-04", Integrity;
    /// A newer release was restored before.
    Rollback = "TRUST-05", Integrity;
    /// The signature says no product and release, and the policy asks for them.
    NoRelease = "TRUST-06", Integrity;
    /// An image lacks a signature that the policy asks for.
    ImageNotSigned = "TRUST-07", Integrity;
    /// A policy that cannot be used.
    BadPolicy = "TRUST-08", Usage;
    /// A trust store that cannot be used.
    BadTrustStore = "TRUST-09", Failed;
    /// No vendor of that name is trusted.
    NoSuchVendor = "TRUST-10", Usage;
    /// The key is trusted already.
    KeyTrusted = "TRUST-11", Usage;
    /// A vendor's name that cannot be used.
    BadVendorName = "TRUST-12", Usage;
    /// A key was not confirmed.
    NotConfirmed = "TRUST-13", Usage;
    /// A trusted root that cannot be used.
    BadTrustedRoot = "TRUST-14", Failed;
    /// The identity is trusted already under that root.
    IdentityTrusted = "TRUST-15", Usage;
    /// An identity or issuer that no certificate has.
    BadSigner = "TRUST-16", Usage;
}

/// A fact shown under the message. The order here is the order shown: paths last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is its own label, worded in errors.ftl")]
pub enum Fact {
    Detail,
    Vendor,
    Product,
    Registry,
    Server,
    Token,
    Image,
    Class,
    Blob,
    Record,
    Volume,
    Slot,
    Field,
    Expected,
    Found,
    Limit,
    Needed,
    Free,
    Line,
    Entry,
    Engine,
    Program,
    System,
    Tries,
    Left,
    Path,
}

impl Fact {
    /// Every fact.
    pub const ALL: &[Self] = &[
        Self::Detail,
        Self::Vendor,
        Self::Product,
        Self::Registry,
        Self::Server,
        Self::Token,
        Self::Image,
        Self::Class,
        Self::Blob,
        Self::Record,
        Self::Volume,
        Self::Slot,
        Self::Field,
        Self::Expected,
        Self::Found,
        Self::Limit,
        Self::Needed,
        Self::Free,
        Self::Line,
        Self::Entry,
        Self::Engine,
        Self::Program,
        Self::System,
        Self::Tries,
        Self::Left,
        Self::Path,
    ];

    /// The stable lower-case name, used in JSON and in the Fluent files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::Vendor => "vendor",
            Self::Product => "product",
            Self::Registry => "registry",
            Self::Server => "server",
            Self::Token => "token",
            Self::Image => "image",
            Self::Class => "class",
            Self::Blob => "blob",
            Self::Record => "record",
            Self::Volume => "volume",
            Self::Slot => "slot",
            Self::Field => "field",
            Self::Expected => "expected",
            Self::Found => "found",
            Self::Limit => "limit",
            Self::Needed => "needed",
            Self::Free => "free",
            Self::Line => "line",
            Self::Entry => "entry",
            Self::Engine => "engine",
            Self::Program => "program",
            Self::System => "system",
            Self::Tries => "tries",
            Self::Left => "left",
            Self::Path => "path",
        }
    }
}

/// A fact's value: as it came from outside, or in our own words.
#[derive(Debug)]
enum Value {
    Given(String),
    /// Ids of texts, in a row; and how they read in English, for programs and logs.
    Worded(Vec<Words>, String),
}

/// The id of a text, and what is filled in.
type Words = (String, Vec<(&'static str, String)>);

/// What went wrong: a [`Code`], the facts, and the cause where another error stood behind it.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message(Lang::En))]
pub struct Error {
    code: Code,
    /// Which of the code's hints fits, where it has several.
    hint: Option<&'static str>,
    context: Vec<(Fact, Value)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error without facts yet.
    pub fn new(code: Code) -> Self {
        Self { code, hint: None, context: Vec::new(), source: None }
    }

    /// The fault of a thread that panicked, from what [`std::thread::JoinHandle::join`] or
    /// [`std::panic::catch_unwind`] returned. A fault is never a cancellation: the user stopped nothing.
    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let error = Self::new(Code::Fault);
        match payload
            .downcast::<String>()
            .or_else(|other| other.downcast::<&str>().map(|text| Box::new(text.to_string())))
        {
            Ok(message) => error.with(Fact::System, message),
            Err(_) => error,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, fact: Fact, value: impl fmt::Display) -> Self {
        self.context.push((fact, Value::Given(value.to_string())));
        self
    }

    /// Adds a fact in our own words: the text `id`, with `args` filled in. What the system or a library says goes into
    /// [`Fact::System`].
    #[must_use]
    pub fn worded(self, fact: Fact, id: &str, args: &[(&'static str, String)]) -> Self {
        self.listed(fact, [(id.to_owned(), args.to_vec())])
    }

    /// As [`Self::worded`], of several texts in a row.
    #[must_use]
    pub(crate) fn listed(mut self, fact: Fact, texts: impl IntoIterator<Item = Words>) -> Self {
        let texts: Vec<_> = texts.into_iter().collect();
        let english = in_a_row(Lang::En, &texts);
        self.context.push((fact, Value::Worded(texts, english)));
        self
    }

    /// The same, with one fact under another label.
    #[must_use]
    pub(crate) fn relabelled(mut self, from: Fact, to: Fact) -> Self {
        self.context.iter_mut().filter(|(fact, _)| *fact == from).for_each(|(fact, _)| *fact = to);
        self
    }

    /// Adds a fact unless that fact is already told: the place nearest the failure knows best.
    #[must_use]
    pub fn or_with(self, fact: Fact, value: impl fmt::Display) -> Self {
        if self.context.iter().any(|(known, _)| *known == fact) { self } else { self.with(fact, value) }
    }

    /// Adds the path concerned.
    #[must_use]
    pub fn at(self, path: &Path) -> Self {
        self.or_with(Fact::Path, path.display())
    }

    /// The same facts under another code, where the place knows better what they mean.
    #[must_use]
    pub(crate) fn recoded(self, code: Code) -> Self {
        Self { code, ..self }
    }

    /// Says that what failed had taken something in, which may stay there.
    #[must_use]
    pub(crate) fn in_part(self) -> Self {
        self.hinted("loading")
    }

    /// Whether something that was sent may be left where it was sent to.
    pub fn may_leave_parts(&self) -> bool {
        self.hint == Some("loading")
    }

    /// Says which hint fits: `CODE.hint-NAME`. A code without that one has its plain hint.
    #[must_use]
    pub(crate) fn hinted(self, name: &'static str) -> Self {
        Self { hint: Some(name), ..self }
    }

    /// Keeps the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A failed read of `path`.
    pub fn read(path: &Path, error: io::Error) -> Self {
        Self::io(Code::Read, path, error)
    }

    /// A failed write, flush, rename or removal of `path`.
    pub fn write(path: &Path, error: io::Error) -> Self {
        Self::io(Code::Write, path, error)
    }

    fn io(code: Code, path: &Path, error: io::Error) -> Self {
        Self::from_stream(code, error).at(path)
    }

    /// A failure of a stream whose path the caller adds. An [`Error`] that travelled through `std::io` on
    /// its way here keeps its own words.
    pub(crate) fn from_stream(code: Code, error: io::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(inner) => return inner,
            Err(error) => error,
        };
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
            io::ErrorKind::FileTooLarge => Code::FileTooLarge,
            io::ErrorKind::NotFound => Code::NotFound,
            io::ErrorKind::PermissionDenied => Code::Denied,
            io::ErrorKind::ReadOnlyFilesystem => Code::WriteProtected,
            io::ErrorKind::UnexpectedEof => Code::SourceTruncated,
            _ => code,
        };
        Self::new(code).with(Fact::System, &error).caused_by(error)
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The class.
    pub fn kind(&self) -> ErrorKind {
        self.code.kind()
    }

    /// The facts, paths last.
    pub fn context(&self) -> Vec<(Fact, &str)> {
        let mut facts: Vec<_> = self.context.iter().map(|(fact, value)| (*fact, value.english())).collect();
        facts.sort_by_key(|(fact, _)| *fact);
        facts
    }

    /// What happened, one line.
    pub fn message(&self, lang: Lang) -> Shown {
        self.of_server(lang, "server").unwrap_or_else(|| text(lang, self.code.id(), &[]))
    }

    /// What to do, one line; some errors speak for themselves.
    pub fn hint(&self, lang: Lang) -> Option<Shown> {
        let special =
            self.hint.and_then(|name| lookup(lang, &format!("{}.hint-{name}", self.code.id()), &[]));
        special
            .or_else(|| self.of_server(lang, "server-hint"))
            .or_else(|| lookup(lang, &format!("{}.hint", self.code.id()), &[]))
    }

    /// Whether it is of a server that keeps keys: what happens on the way to one happens on the way to a registry too, and
    /// has words for each.
    pub fn concerns_server(&self) -> bool {
        self.context.iter().any(|(fact, _)| *fact == Fact::Server)
    }

    fn of_server(&self, lang: Lang, attribute: &str) -> Option<Shown> {
        self.concerns_server()
            .then(|| lookup(lang, &format!("{}.{attribute}", self.code.id()), &[]))
            .flatten()
    }

    /// The facts in words, paths last.
    pub fn facts(&self, lang: Lang) -> Vec<Shown> {
        let word = |(fact, value): &(Fact, Value)| {
            let value = match value {
                Value::Given(value) => self.size(*fact, value).unwrap_or_else(|| value.clone()),
                Value::Worded(texts, _) => in_a_row(lang, texts),
            };
            text(lang, &format!("fact-{}", fact.name()), &[("value", value)])
        };
        let mut facts: Vec<_> = self.context.iter().collect();
        facts.sort_by_key(|(fact, _)| *fact);
        facts.into_iter().map(word).collect()
    }

    /// A number of bytes that was needed or free, for people.
    fn size(&self, fact: Fact, value: &str) -> Option<String> {
        let is_size = matches!(fact, Fact::Needed | Fact::Free)
            && matches!(self.code, Code::NoSpace | Code::DoesNotFit);
        value.parse().ok().filter(|_| is_size).map(human_bytes)
    }

    /// For programs: `code`, `message`, `hint`, and `facts` by name.
    pub fn json(&self, lang: Lang) -> serde_json::Value {
        let facts = self.context().into_iter().map(|(fact, value)| (fact.name().to_owned(), value.into()));
        serde_json::json!({
            "code": self.code.id(),
            "message": &*self.message(lang),
            "hint": self.hint(lang).as_deref(),
            "facts": facts.collect::<serde_json::Map<_, _>>(),
        })
    }

    /// The whole text: `Error:`, facts, `Hint:`, `Code:`.
    pub fn render(&self, lang: Lang) -> Shown {
        let line = |id, name, value: &str| text(lang, id, &[(name, value.to_owned())]);
        let facts = self.facts(lang);
        let facts = facts.iter().map(|fact| Shown::from(format_args!("  {fact}")));
        let hint = self.hint(lang).map(|hint| line("hint-line", "hint", &hint));
        let code = line("code-line", "code", self.code.id());
        let message = line("error-line", "message", &self.message(lang));
        Shown::lines([message].into_iter().chain(facts).chain(hint).chain([code]))
    }
}

impl Value {
    fn english(&self) -> &str {
        match self {
            Self::Given(text) | Self::Worded(_, text) => text,
        }
    }
}

fn in_a_row(lang: Lang, texts: &[Words]) -> String {
    let texts: Vec<_> = texts.iter().map(|(id, args)| text(lang, id, args)).collect();
    texts.join(&*text(lang, "list-comma", &[]))
}

impl From<Error> for io::Error {
    /// Lets an [`Error`] pass through a `Read` or `Write` and be recovered on the other side.
    fn from(error: Error) -> Self {
        io::Error::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_and_fact_is_worded_in_both_languages() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.id()), "{} twice", code.id());
            for lang in Lang::ALL {
                assert!(lookup(lang, code.id(), &[]).is_some(), "{} in {}", code.id(), lang.tag());
            }
        }
        for fact in Fact::ALL {
            for lang in Lang::ALL {
                let label = lookup(lang, &format!("fact-{}", fact.name()), &[("value", "V".into())]);
                assert!(
                    label.is_some_and(|label| label.contains('V')),
                    "fact-{} in {}",
                    fact.name(),
                    lang.tag()
                );
            }
        }
    }

    #[test]
    fn render_shows_message_facts_hint_and_code_with_paths_last() {
        let error = Error::new(Code::BlobMismatch)
            .at(Path::new("/media/stick/a.sealift"))
            .with(Fact::Expected, "sha256:00")
            .with(Fact::Found, "sha256:\u{202e}11");
        let text = error.render(Lang::En);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("Error: "), "{text}");
        assert_eq!(lines[1], "  expected: sha256:00");
        assert_eq!(lines[2], "  found: sha256:\\u{202e}11");
        assert_eq!(lines[3], "  path: /media/stick/a.sealift");
        assert!(lines[4].starts_with("Hint: "));
        assert_eq!(lines[5], "Code: INTEGRITY-02");
        assert!(error.render(Lang::ZhCn).contains("代码：INTEGRITY-02"));
    }

    #[test]
    fn sizes_are_worded_for_people_and_stay_numbers_for_programs() {
        let error = Error::new(Code::NoSpace).with(Fact::Needed, 120_014_586).with(Fact::Free, 512);
        assert_eq!(error.facts(Lang::En), ["needed: 114.45 MiB", "free: 512 B"]);
        assert_eq!(error.json(Lang::En)["facts"]["needed"], "120014586");
        // What is no number of bytes stays as it is.
        let shares = Error::new(Code::TooFewShares).with(Fact::Needed, 3);
        assert_eq!(shares.facts(Lang::En), ["needed: 3"]);
    }

    #[test]
    fn a_hint_fits_what_happened_where_the_code_has_several() {
        for lang in Lang::ALL {
            let hint = |error: Error| error.hint(lang).unwrap();
            let plain = |code| hint(Error::new(code));
            for name in ["docker", "podman", "containerd"] {
                let special = hint(Error::new(Code::EngineUnreachable).hinted(name));
                assert!(!special.contains("docker save"), "{special}");
                assert_ne!(special, plain(Code::EngineUnreachable));
            }
            for code in [Code::EngineFailed, Code::DiskFull] {
                assert_ne!(hint(Error::new(code).in_part()), plain(code));
            }
            assert_eq!(hint(Error::new(Code::NoSpace).hinted("loading")), plain(Code::NoSpace));
        }
    }

    #[test]
    fn an_error_survives_its_way_through_io() {
        let io: io::Error = Error::new(Code::RecordDamaged).with(Fact::Record, 7).into();
        assert_eq!(Error::read(Path::new("x"), io).code(), Code::RecordDamaged);
    }
}
