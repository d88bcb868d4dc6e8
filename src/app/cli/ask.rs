//! What keys ask while they are used: answered on the terminal.

use std::{io::IsTerminal, sync::Arc};

use sealift::{Ask, Lang, Question, text};
use zeroize::Zeroizing;

use super::{Env, hygiene, output};

/// Asks on the terminal, if there is one.
struct Terminal(Lang);

/// What answers for this run.
pub(super) fn terminal(env: &Env) -> Arc<dyn Ask> {
    Arc::new(Terminal(env.out.lang))
}

fn is_there() -> bool {
    std::io::stdin().is_terminal() || std::fs::File::open("/dev/tty").is_ok()
}

impl Ask for Terminal {
    fn secret(&self, question: &Question) -> Option<Zeroizing<String>> {
        if !is_there() {
            return None;
        }
        let named = |id, name: &str| text(self.0, id, &[("name", name.to_owned())]);
        let prompt = match question {
            Question::IdentityFile(path) => named("prompt-identity", path),
            Question::Pin(token) => named("prompt-pin", token),
            Question::Plugin(words) => words.into(),
        };
        hygiene::secret(&prompt).ok().map(Zeroizing::new)
    }

    fn show(&self, message: &str) {
        output::note(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let choice = format!("{message} ({yes}/{})", no.unwrap_or("-"));
        let answer = self.text(&choice)?;
        Some(answer.eq_ignore_ascii_case(yes))
    }

    fn text(&self, description: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        output::note(description);
        let mut answer = String::new();
        hygiene::at_prompt(|| std::io::stdin().read_line(&mut answer)).ok()?;
        Some(answer.trim().to_owned())
    }
}
