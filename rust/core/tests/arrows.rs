//! The arrows between rooms and crates: nothing imports upward, and engines never import each other.
//!
//! Cargo forbids circles between crates; inside a crate nobody does, so this test reads the sources. It looks at every
//! path that leaves a room, in a `use` or in place, by `crate::` or by a chain of `super::`, tests included.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms of the core from the ground up. A room may import rooms of the rows above its own in this list.
const ROOMS: &[&[&str]] = &[
    &["drops", "error", "rng", "time"],
    &["bucket", "wire"],
    &["observe"],
    &["buffer"],
    &["icmp", "igmp", "ip", "neighbor", "raw", "tcp", "udp"],
    &["stack"],
    &["sim"],
];

/// Crates and what each may name of the others.
const CRATES: &[(&str, &[&str])] =
    &[("core", &[]), ("host", &["tapip_core"]), ("py", &["tapip_core", "tapip_host"])];

fn row(room: &str) -> Option<usize> {
    ROOMS.iter().position(|rooms| rooms.contains(&room))
}

/// What is wrong with `source`, a file of the core whose module path is `module` (the room first).
fn complaints(module: &[String], source: &str) -> Vec<String> {
    let Some(room) = module.first() else { return Vec::new() };
    let Some(own) = row(room) else { return vec![format!("room `{room}` has no row in ROOMS")] };
    let mut found = Vec::new();
    for target in rooms_named(module, source) {
        match row(&target) {
            _ if target == *room => {}
            Some(row) if row < own => {}
            Some(row) if row == own => found.push(format!("`{room}` imports its neighbour `{target}`")),
            Some(_) => found.push(format!("`{room}` imports `{target}`, which is above it")),
            None => found.push(format!("`{room}` imports `{target}`, which has no row in ROOMS")),
        }
    }
    found
}

/// Rooms that paths in `source` lead to.
fn rooms_named(module: &[String], source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let mut found = BTreeSet::new();
    // Inline modules take one `super` each.
    let mut inner: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.pop_if(|opened| *opened == depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|token| token == "{") => inner.push(depth),
            "crate" => heads(&tokens, at + 1, &mut found),
            "super" => {
                let mut ups = 1;
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens.get(at + 2).is_some_and(|token| token == "super")
                {
                    (ups, at) = (ups + 1, at + 2);
                }
                if ups >= module.len() + inner.len() {
                    heads(&tokens, at + 1, &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// What stands behind the `::` at `at`: one name, or the first names of the paths of a group.
fn heads(tokens: &[String], at: usize, found: &mut BTreeSet<String>) {
    if tokens.get(at).is_none_or(|token| token != "::") {
        return;
    }
    let Some(first) = tokens.get(at + 1) else { return };
    if first != "{" {
        found.insert(first.clone());
        return;
    }
    let (mut depth, mut fresh) = (0, false);
    for token in &tokens[at + 1..] {
        match token.as_str() {
            "{" => (depth, fresh) = (depth + 1, depth == 0),
            "}" if depth == 1 => return,
            "}" => depth -= 1,
            "," => fresh = depth == 1,
            name if fresh => {
                found.insert(name.to_owned());
                fresh = false;
            }
            _ => {}
        }
    }
}

/// Names, `::` and single signs of Rust source; comments, strings and characters are left out.
fn tokens(source: &str) -> Vec<String> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source[at..];
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = text_length(rest) {
            length
        } else if name > 0 {
            tokens.push(rest[..name].to_owned());
            name
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            let sign = rest.chars().next().map_or(1, char::len_utf8);
            tokens
                .extend(Some(&rest[..sign]).filter(|sign| !sign.trim().is_empty()).map(ToString::to_string));
            sign
        };
    }
    tokens
}

/// Length of the string or character that `rest` begins with.
fn text_length(rest: &str) -> Option<usize> {
    let quoted = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - quoted.len();
    let hashes = quoted.strip_prefix('r').map(|raw| raw.bytes().take_while(|byte| *byte == b'#').count());
    if let Some(hashes) = hashes.filter(|hashes| quoted[1 + hashes..].starts_with('"')) {
        let end = format!("\"{}", "#".repeat(hashes));
        let open = prefix + 2 + hashes;
        return Some(rest[open..].find(&end).map_or(rest.len(), |at| open + at + end.len()));
    }
    let quote = quoted.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut escaped = false;
    for (at, sign) in quoted.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            sign if sign == quote => return Some(prefix + at + 1),
            // 'a is a lifetime where no quote follows the one sign.
            _ if quote == '\'' && quoted[1..].chars().nth(1) != Some('\'') && !quoted.starts_with("'\\") => {
                return None;
            }
            _ => {}
        }
    }
    None
}

/// Every Rust file below `folder`, in order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// `tcp/congestion/mod.rs` is the module `tcp::congestion`.
fn module_of(path: &Path) -> Vec<String> {
    let names = path.with_extension("");
    let mut names: Vec<_> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.pop_if(|name| name == "mod" || name == "lib");
    names
}

fn rust_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the core stands in rust/").to_owned()
}

#[test]
fn rooms_of_the_core_import_downward_only() {
    let root = rust_folder().join("core/src");
    let mut wrong = Vec::new();
    for path in sources(&root) {
        let name = path.strip_prefix(&root).expect("found below the root");
        let source = fs::read_to_string(&path).expect("a readable source");
        wrong.extend(
            complaints(&module_of(name), &source).iter().map(|why| format!("{}: {why}", name.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_import_downward_only() {
    let mut wrong = Vec::new();
    for (name, allowed) in CRATES {
        for path in sources(&rust_folder().join(name).join("src")) {
            let source = fs::read_to_string(&path).expect("a readable source");
            for token in tokens(&source).iter().filter(|token| token.starts_with("tapip_")) {
                let known = ["tapip_core", "tapip_host", "tapip_py"].contains(&token.as_str());
                let own = token.strip_prefix("tapip_") == Some(name);
                if known && !own && !allowed.contains(&token.as_str()) {
                    wrong.push(format!("{}: names {token}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn complaints_of(path: &str, source: &str) -> Vec<String> {
    complaints(&module_of(Path::new(path)), source)
}

#[test]
fn what_is_allowed_passes() {
    let source = r##"
        //! Not `crate::stack`, for this is a comment. /* nor crate::sim */
        use crate::{buffer::{Packet, Pool}, time::Instant};
        use super::header::Header;
        /* crate::udp:: */
        pub(crate) fn of<'a>(quote: char) -> &'a str { if quote == '"' || quote == '\'' { "crate::udp" } else { r#"crate::"raw::"# } }
        fn deep() -> crate::wire::SeqNumber { crate::tcp::deeper() }
        mod tests { use super::super::state::State; }
    "##;
    assert_eq!(complaints_of("tcp/sender.rs", source), Vec::<String>::new());
}

#[test]
fn what_is_forbidden_is_named() {
    let one = |path, source| complaints_of(path, source).join("; ");
    assert_eq!(one("tcp/sender.rs", "use crate::udp::Socket;"), "`tcp` imports its neighbour `udp`");
    assert_eq!(
        one("wire/tcp.rs", "fn f(x: &crate::buffer::Packet) {}"),
        "`wire` imports `buffer`, which is above it"
    );
    assert_eq!(
        one("ip/mod.rs", "use crate::{time::Instant, stack};"),
        "`ip` imports `stack`, which is above it"
    );
    assert_eq!(
        one("tcp/congestion/reno.rs", "use super::super::super::raw::Queue;"),
        "`tcp` imports its neighbour `raw`"
    );
    assert_eq!(one("tcp/mod.rs", "use super::icmp;"), "`tcp` imports its neighbour `icmp`");
    assert_eq!(
        one("udp/mod.rs", "mod inner { use super::super::{raw, time}; }"),
        "`udp` imports its neighbour `raw`"
    );
    assert_eq!(
        one("raw/mod.rs", "pub use crate::cellar::Wine;"),
        "`raw` imports `cellar`, which has no row in ROOMS"
    );
    assert_eq!(one("time.rs", "fn f() { g(crate::sim::h()); }"), "`time` imports `sim`, which is above it");
    assert_eq!(one("cellar.rs", ""), "room `cellar` has no row in ROOMS");
}
