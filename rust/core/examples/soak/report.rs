//! What is told: progress on the error stream, results on the other one, as lines of text or of JSON.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

/// See the module.
pub(super) struct Report {
    json: bool,
    terminal: bool,
    began: Clock,
    told: Option<Clock>,
    complaints: usize,
}

/// A value in a line of JSON.
pub(super) enum Value {
    Number(f64),
    Text(String),
    Texts(Vec<String>),
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { json, terminal, began: Clock::now(), told: None, complaints: 0 }
    }

    /// How far it is, now and then.
    pub(super) fn progress(&mut self, what: &str, done: u64, of: u64) {
        // A terminal shows ten a second, a log a line every ten seconds.
        let pause = Duration::from_millis(if self.terminal { 100 } else { 10_000 });
        if self.told.is_some_and(|told| told.elapsed() < pause) {
            return;
        }
        self.told = Some(Clock::now());
        let end = if self.terminal { '\r' } else { '\n' };
        let seconds = self.began.elapsed().as_secs();
        eprint!("{what}: {done} of {of}, {seconds} s, {} complaints {end}", self.complaints);
        let _nobody_looks = std::io::stderr().flush();
    }

    /// A result: a line of JSON, or `text`.
    pub(super) fn result(&self, text: &str, fields: &[(&str, Value)]) {
        if self.json {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.json())).collect();
            println!("{{{}}}", fields.join(", "));
        } else if !text.is_empty() {
            println!("{text}");
        }
    }

    /// Something is wrong.
    pub(super) fn complain(&mut self, what: &str) {
        self.complaints += 1;
        if self.json {
            self.result("", &[("complaint", Value::Text(what.to_owned()))]);
        } else {
            println!("WRONG {what}");
        }
    }

    /// The end, and how it went.
    pub(super) fn finish(self) -> ExitCode {
        let seconds = self.began.elapsed().as_secs_f64();
        let text = format!("{} complaints in {seconds:.0} s", self.complaints);
        let number = self.complaints as f64;
        self.result(&text, &[("complaints", Value::Number(number)), ("seconds", Value::Number(seconds))]);
        if self.complaints == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Value {
    fn json(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => quoted(text),
            Self::Texts(texts) => {
                let list: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                format!("[{}]", list.join(", "))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => {
                let _a_string_takes_all = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out + "\""
}
