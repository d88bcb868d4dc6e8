//! Credential helpers: `docker-credential-NAME get`. github.com/docker/docker-credential-helpers, README.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use zeroize::Zeroizing;

use super::Credentials;
use crate::{
    error::{Code, Error, Fact, Result},
    job::Ctx,
};

/// How long a helper may take: it may ask the user to unlock a keyring.
const LIMIT: Duration = Duration::from_mins(1);
/// How often it is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);
/// Largest answer.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// The name under which a helper hands out an identity token.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// What helper `name` knows of `server`; `None` if nothing.
///
/// # Errors
/// [`Code::HelperFailed`]; [`Code::Cancelled`].
pub(super) fn ask(ctx: &Ctx, name: &str, server: &str) -> Result<Option<Credentials>> {
    let program = format!("docker-credential-{name}");
    let error = || Error::new(Code::HelperFailed).with(Fact::Program, &program);
    let failed = |said: &dyn std::fmt::Display| error().with(Fact::System, said);
    // A name is not a path: a file's text must not choose a program outside PATH.
    if name.contains(['/', '\\']) {
        return Err(error().worded(Fact::Detail, "detail-helper-name", &[]));
    }
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(&e))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that needs no input may be gone already.
        let _ = stdin.write_all(server.as_bytes());
    }
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut answer = Zeroizing::new(Vec::new());
        stdout.map(|stdout| stdout.take(MAX_ANSWER_BYTES).read_to_end(&mut answer));
        answer
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| failed(&e))? {
            break status;
        }
        let cancelled = ctx.checkpoint();
        if cancelled.is_err() || began.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return cancelled.and(Err(error().worded(
                Fact::Detail,
                "detail-no-answer",
                &[("secs", LIMIT.as_secs().to_string())],
            )));
        }
        thread::sleep(POLL);
    };
    let answer = reader.join().unwrap_or_default();
    if !status.success() {
        let text = String::from_utf8_lossy(&answer);
        // The one answer that is no failure, in the words of the helpers' own library.
        return if text.contains("credentials not found") { Ok(None) } else { Err(failed(&status)) };
    }
    let answer: Answer = serde_json::from_slice(&answer)
        .map_err(|_| error().worded(Fact::Detail, "detail-answer-unreadable", &[]))?;
    let secret = Zeroizing::new(answer.secret);
    Ok(Some(match answer.username.as_str() {
        TOKEN_USER => Credentials::identity_token(answer.username, secret),
        _ => Credentials::new(answer.username, secret),
    }))
}
