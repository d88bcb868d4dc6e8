//! The arguments of every verb. Texts come from `cli.ftl`: `verb-NAME` and `arg-NAME`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, ValueHint, builder::PossibleValuesParser, value_parser};
use sealift::Lang;

/// `--lang` if given, else the system's language. Needed before arguments are parsed, as help is text too.
pub(crate) fn language(args: &[OsString]) -> Lang {
    let args: Vec<_> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let given = args.iter().enumerate().find_map(|(at, arg)| {
        arg.strip_prefix("--lang=")
            .or_else(|| (*arg == "--lang").then(|| args.get(at + 1).copied()).flatten())
    });
    let system = || sys_locale::get_locale().unwrap_or_default();
    Lang::from_locale(&given.map_or_else(system, str::to_owned))
}

/// The whole command.
pub(crate) fn command(lang: Lang) -> Command {
    let build = Build(lang);
    let command = Command::new("sealift")
        .version(env!("SEALIFT_VERSION"))
        .about(text(lang, "about", &[]))
        .help_template(build.template())
        .subcommand_help_heading(text(lang, "heading-verbs", &[]))
        .subcommand_value_name(text(lang, "value-verb", &[]))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .next_help_heading(text(lang, "heading-options", &[]))
        .arg(build.flag("help").short('h').action(ArgAction::Help).global(true))
        .arg(build.flag("version").short('V').action(ArgAction::Version))
        .arg(build.option("lang").value_parser(PossibleValuesParser::new(["zh-CN", "en"])).global(true))
        .subcommands([
            build.verb("pack").args(build.pack()),
            build
                .verb("inspect")
                .arg(build.bundle())
                .arg(build.file("trust-store"))
                .args(build.key())
                .args(build.shared()),
            build
                .verb("verify")
                .arg(build.bundle())
                .arg(build.file("repair-request"))
                .arg(build.flag("force").requires("repair-request"))
                .args(build.site())
                .args(build.key())
                .args(build.shared()),
            build.verb("repair").args(build.repair()).args(build.shared()),
            build.verb("repair-file").args(build.repair_file()).args(build.shared()),
            build.verb("restore").args(build.restore()),
            build.verb("handoff").args(build.handoff()),
            build.verb("drives").arg(build.flag("all-sizes")).args(build.shared()),
            build
                .verb("images")
                .arg(build.sources().required(false).num_args(0..))
                .args(build.registry())
                .args(build.shared()),
            build.keys(),
            build.verb("reseal").args(build.reseal()),
            build.verb("sign").args(build.sign()),
            build.signing_key(),
            build.trust(),
            build
                .verb("kit")
                .arg(
                    build
                        .positional("folder")
                        .value_hint(ValueHint::DirPath)
                        .value_parser(value_parser!(std::path::PathBuf)),
                )
                .arg(build.file("program"))
                .args(build.shared()),
            build.verb("demo").args(build.shared()),
            build
                .verb("completions")
                .arg(build.positional("shell").value_parser(value_parser!(clap_complete::Shell))),
            build.verb("man"),
        ]);
    build.worded(command, "sealift")
}

/// A text, as clap takes it.
fn text(lang: Lang, id: &str, args: &[(&str, String)]) -> String {
    sealift::text(lang, id, args).into()
}

/// Builds parts of the command in one language.
struct Build(Lang);

impl Build {
    fn template(&self) -> String {
        let usage = text(self.0, "heading-usage", &[]);
        format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}\n")
    }

    /// What clap itself says in English, in our words: the options in a usage line, defaults, and possible values.
    fn worded(&self, command: Command, called: &str) -> Command {
        let command = command.mut_args(|arg| self.worded_arg(arg)).mut_subcommands(|verb| {
            let called = format!("{called} {}", verb.get_name());
            self.worded(verb, &called)
        });
        let usage = command.clone().bin_name(called).render_usage().to_string();
        let (_, usage) = usage.split_once(' ').unwrap_or_default();
        command.override_usage(usage.replace("[OPTIONS]", &text(self.0, "value-options", &[])))
    }

    fn worded_arg(&self, arg: Arg) -> Arg {
        let help = arg.get_help().map(ToString::to_string).filter(|_| arg.get_action().takes_values());
        let Some(help) = help else { return arg };
        let names = |values: Vec<String>| values.join(&text(self.0, "list-comma", &[]));
        let values: Vec<_> =
            arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        // Where the help explains each value, they are not told twice.
        let is_told = values.iter().all(|value| help.contains(value.as_str()));
        let default: Vec<_> =
            arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
        let id = match (!is_told, !default.is_empty()) {
            (true, true) => "arg-values-default",
            (true, false) => "arg-values",
            (false, true) => "arg-default",
            (false, false) => return arg.hide_possible_values(true).hide_default_value(true),
        };
        let more =
            text(self.0, id, &[("help", help), ("values", names(values)), ("default", names(default))]);
        arg.help(more).hide_possible_values(true).hide_default_value(true)
    }

    fn verb(&self, name: &'static str) -> Command {
        let verb = Command::new(name)
            .about(text(self.0, &format!("verb-{name}"), &[]))
            .help_template(self.template())
            .next_help_heading(text(self.0, "heading-options", &[]));
        match sealift::lookup(self.0, &format!("verb-{name}.more"), &[]) {
            Some(more) => verb.after_help(String::from(more)),
            None => verb,
        }
    }

    fn flag(&self, name: &'static str) -> Arg {
        Arg::new(name).long(name).help(text(self.0, &format!("arg-{name}"), &[])).action(ArgAction::SetTrue)
    }

    fn option(&self, name: &'static str) -> Arg {
        Arg::new(name).long(name).help(text(self.0, &format!("arg-{name}"), &[])).value_name(text(
            self.0,
            &format!("arg-{name}.value"),
            &[],
        ))
    }

    fn file(&self, name: &'static str) -> Arg {
        self.option(name).value_hint(ValueHint::FilePath).value_parser(value_parser!(std::path::PathBuf))
    }

    fn positional(&self, name: &'static str) -> Arg {
        Arg::new(name)
            .help(text(self.0, &format!("arg-{name}"), &[]))
            .help_heading(text(self.0, "heading-arguments", &[]))
            .value_name(text(self.0, &format!("arg-{name}.value"), &[]))
            .required(true)
    }

    fn sources(&self) -> Arg {
        self.positional("source").num_args(1..).value_hint(ValueHint::AnyPath)
    }

    fn bundle(&self) -> Arg {
        self.positional("bundle")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(std::path::PathBuf))
    }

    /// What opens a bundle. `--password` asks for the passphrase where none would be asked for.
    fn key(&self) -> Vec<Arg> {
        vec![
            self.file("password-file").conflicts_with("password-fd"),
            self.option("password-fd").value_parser(value_parser!(u32)),
            self.flag("password").conflicts_with_all(["password-file", "password-fd"]),
            self.option("identity").short('i').value_hint(ValueHint::FilePath).action(ArgAction::Append),
        ]
    }

    /// Whom a bundle is locked for.
    fn recipients(&self) -> [Arg; 4] {
        [
            self.option("recipient").short('r').action(ArgAction::Append),
            self.option("shares"),
            self.file("shares-dir").value_hint(ValueHint::DirPath).requires("shares"),
            self.flag("require-all"),
        ]
    }

    fn new_key(&self) -> Vec<Arg> {
        let mut args = vec![
            self.file("new-password-file").conflicts_with("new-password-fd"),
            self.option("new-password-fd").value_parser(value_parser!(u32)),
            self.flag("new-password").conflicts_with_all(["new-password-file", "new-password-fd"]),
            self.flag("allow-weak"),
            self.kdf(),
        ];
        args.extend(self.recipients());
        args
    }

    /// How the passphrase of a signing key is given.
    fn signing_password(&self) -> [Arg; 2] {
        [
            self.file("key-password-file").conflicts_with("key-password-fd"),
            self.option("key-password-fd").value_parser(value_parser!(u32)),
        ]
    }

    /// What a signature says.
    fn release(&self, key: &'static str) -> [Arg; 2] {
        [
            self.option("product").requires("release").requires(key),
            self.option("release").requires("product").requires(key),
        ]
    }

    /// What a site trusts and asks for.
    fn site(&self) -> [Arg; 2] {
        [self.file("policy"), self.file("trust-store")]
    }

    /// How a registry is entered.
    fn registry(&self) -> [Arg; 2] {
        [self.file("creds-file"), self.flag("plain-http")]
    }

    fn kdf(&self) -> Arg {
        self.option("kdf")
            .value_parser(PossibleValuesParser::new(["standard", "low"]))
            .default_value("standard")
    }

    /// Options of every verb that works.
    fn shared(&self) -> [Arg; 4] {
        [
            self.flag("json"),
            self.option("progress")
                .value_parser(PossibleValuesParser::new(["auto", "plain", "json", "none"]))
                .default_value("auto"),
            self.flag("quiet").short('q'),
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .help(text(self.0, "arg-verbose", &[]))
                .action(ArgAction::Count),
        ]
    }

    fn pack(&self) -> Vec<Arg> {
        let mut args = vec![
            self.sources(),
            self.file("out").short('o').required(true),
            self.option("level")
                .value_parser(value_parser!(i32).range(1..=19))
                .default_value(sealift::DEFAULT_LEVEL.to_string()),
            self.option("volume-size"),
            self.option("recovery"),
            self.flag("handoff"),
            self.option("platform").action(ArgAction::Append),
            self.kdf(),
            self.flag("force"),
        ];
        args.push(self.file("sign"));
        args.extend(self.release("sign"));
        args.extend(self.signing_password());
        args.extend(self.registry());
        let other_passphrases = ["password-file", "password-fd", "password"];
        args.push(self.file("generate-passphrase").conflicts_with_all(other_passphrases));
        args.push(
            self.option("words")
                .value_parser(PossibleValuesParser::new(sealift::WordList::ALL.map(sealift::WordList::tag)))
                .requires("generate-passphrase")
                // What is required is not asked for where something conflicts with it.
                .conflicts_with_all(other_passphrases),
        );
        args.push(self.flag("allow-weak"));
        // Each class has keys of its own.
        let of_one =
            ["password-file", "password-fd", "password", "generate-passphrase", "shares", "require-all"];
        args.push(self.file("classes").conflicts_with_all(of_one));
        args.push(self.option("class").action(ArgAction::Append).conflicts_with_all(of_one));
        args.extend(self.recipients());
        args.extend(self.key().into_iter().filter(|arg| arg.get_id() != "identity"));
        args.extend(self.shared());
        args
    }

    fn restore(&self) -> Vec<Arg> {
        let mut args = vec![
            self.bundle(),
            self.option("to").required(true),
            self.option("image").action(ArgAction::Append),
            self.flag("undamaged"),
            self.option("rename").action(ArgAction::Append),
            self.file("map"),
            self.option("tags")
                .value_parser(PossibleValuesParser::new(["refuse", "backup", "overwrite"]))
                .default_value("refuse"),
            self.flag("create-projects"),
            self.flag("dry-run"),
            self.flag("force"),
        ];
        args.extend(self.site());
        args.extend(self.registry());
        args.extend(self.key());
        args.extend(self.shared());
        args
    }

    fn reseal(&self) -> Vec<Arg> {
        let mut args = vec![
            self.bundle(),
            self.file("out").short('o').required(true),
            self.option("volume-size"),
            self.option("recovery"),
            self.flag("force"),
        ];
        args.extend(self.key());
        args.extend(self.new_key());
        args.extend(self.shared());
        args
    }

    fn repair(&self) -> Vec<Arg> {
        vec![
            self.bundle(),
            self.file("repair-out").long("out").short('o'),
            self.file("with"),
            self.file("request").conflicts_with_all(["repair-out", "with"]),
            self.flag("force"),
        ]
    }

    fn repair_file(&self) -> Vec<Arg> {
        vec![
            self.bundle(),
            self.positional("wanted").value_hint(ValueHint::FilePath),
            self.file("answer-out").long("out").short('o').required(true),
            self.flag("force"),
        ]
    }

    fn handoff(&self) -> Vec<Arg> {
        let mut args = vec![
            self.bundle(),
            self.option("target")
                .long("to")
                .value_hint(ValueHint::AnyPath)
                .required(true)
                .action(ArgAction::Append),
            self.flag("spread"),
            self.option("volumes"),
            self.flag("at-once"),
            self.flag("remove-stale"),
            self.flag("no-eject"),
            self.flag("kit").conflicts_with("no-kit"),
            self.flag("no-kit"),
            self.flag("force"),
        ];
        args.extend(self.shared());
        args
    }

    fn sign(&self) -> Vec<Arg> {
        let mut args = vec![
            self.bundle(),
            self.file("signing-key").long("key").required_unless_present("remove-signature"),
            self.option("remove-signature").long("remove").conflicts_with("signing-key"),
            self.file("trust-store"),
        ];
        args.extend(self.release("signing-key"));
        args.extend(self.signing_password());
        args.extend(self.shared());
        args
    }

    fn path(&self, name: &'static str) -> Arg {
        self.positional(name).value_hint(ValueHint::FilePath).value_parser(value_parser!(std::path::PathBuf))
    }

    /// A verb with verbs of its own.
    fn group(&self, name: &'static str, verbs: impl IntoIterator<Item = Command>) -> Command {
        self.verb(name)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true)
            .subcommand_help_heading(text(self.0, "heading-verbs", &[]))
            .subcommand_value_name(text(self.0, "value-verb", &[]))
            .subcommands(verbs)
    }

    /// A verb of the verb `group`.
    fn verb_of(&self, group: &str, name: &'static str) -> Command {
        Command::new(name)
            .about(text(self.0, &format!("verb-{group}-{name}"), &[]))
            .help_template(self.template())
            .next_help_heading(text(self.0, "heading-options", &[]))
            .args(self.shared())
    }

    fn signing_key(&self) -> Command {
        let verb = |name| self.verb_of("signing-key", name).args(self.signing_password());
        let kinds = PossibleValuesParser::new(["ecdsa-p256", "ed25519"]);
        let kind = self.option("key-type").long("type").value_parser(kinds).default_value("ecdsa-p256");
        self.group(
            "signing-key",
            [
                verb("new").arg(self.path("prefix")).arg(kind).arg(self.flag("allow-weak")),
                verb("import").arg(self.path("key-file")).arg(self.path("prefix")).args([
                    self.file("new-password-file").conflicts_with("new-password-fd"),
                    self.option("new-password-fd").value_parser(value_parser!(u32)),
                    self.flag("allow-weak"),
                ]),
                verb("show").arg(self.path("key-file")),
            ],
        )
    }

    fn trust(&self) -> Command {
        let verb = |name| self.verb_of("trust", name).arg(self.file("trust-store"));
        self.group(
            "trust",
            [
                verb("list"),
                verb("add").arg(self.positional("vendor")).args([
                    self.file("public-key")
                        .long("key")
                        .required_unless_present_any(["signed-bundle", "certificate-identity"]),
                    self.file("signed-bundle").long("from").conflicts_with("public-key"),
                    self.option("certificate-identity")
                        .conflicts_with_all(["public-key", "signed-bundle"])
                        .requires_all(["certificate-oidc-issuer", "trusted-root"]),
                    self.option("certificate-oidc-issuer").requires("certificate-identity"),
                    self.file("trusted-root").requires("certificate-identity"),
                    self.flag("yes"),
                ]),
                verb("remove").arg(self.positional("vendor")),
            ],
        )
    }

    fn keys(&self) -> Command {
        let verb = |name: &'static str| {
            self.verb(name)
                .about(text(self.0, &format!("verb-keys-{name}"), &[]))
                .arg(self.bundle())
                .args(self.shared())
        };
        self.verb("keys")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true)
            .subcommand_help_heading(text(self.0, "heading-verbs", &[]))
            .subcommand_value_name(text(self.0, "value-verb", &[]))
            .subcommands([
                verb("list"),
                verb("add").args(self.key()).args(self.new_key()),
                verb("remove")
                    .arg(self.positional("slot").value_parser(value_parser!(usize)))
                    .args(self.key()),
                verb("change")
                    .arg(self.option("slot-number").long("slot").value_parser(value_parser!(usize)))
                    .args(self.key())
                    .args(self.new_key()),
                self.verb("generate")
                    .about(text(self.0, "verb-keys-generate", &[]))
                    .arg(self.file("key-out").long("out").short('o').required(true))
                    .arg(
                        self.option("type")
                            .value_parser(PossibleValuesParser::new(["age", "key-file"]))
                            .default_value("age"),
                    )
                    .args(self.shared()),
            ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_help_has_words_of_clap() {
        let mut command = command(Lang::ZhCn);
        command.build();
        let mut stack = vec![command];
        while let Some(mut command) = stack.pop() {
            let help = command.render_help().to_string();
            for words in ["[OPTIONS]", "[default", "[possible", "Usage:"] {
                assert!(!help.contains(words), "{words} in {help}");
            }
            let is_long =
                |line: &&str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() > 120;
            assert_eq!(help.lines().find(is_long), None, "of {}", command.get_name());
            stack.extend(command.get_subcommands().cloned());
        }
        let help = super::command(Lang::En).render_help().to_string();
        assert!(help.contains("zh-CN, en") && help.contains("sealift [OPTIONS]"), "{help}");
    }

    #[test]
    fn every_argument_and_verb_is_worded_in_both_languages() {
        for lang in Lang::ALL {
            let command = command(lang);
            command.clone().debug_assert();
            let mut stack = vec![command];
            while let Some(command) = stack.pop() {
                let mut texts = vec![command.get_about().map(ToString::to_string).unwrap_or_default()];
                texts.extend(
                    command
                        .get_arguments()
                        .map(|arg| arg.get_help().map(ToString::to_string).unwrap_or_default()),
                );
                for text in texts {
                    assert!(text.contains(' ') || lang == Lang::ZhCn, "{}: {text}", command.get_name());
                    assert!(
                        !text.starts_with("arg-") && !text.starts_with("verb-") && !text.is_empty(),
                        "{text}"
                    );
                }
                stack.extend(command.get_subcommands().cloned());
            }
        }
    }
}
