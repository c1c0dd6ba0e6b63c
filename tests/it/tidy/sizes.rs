//! How long things are: lines of code of a file and of a function, arguments of a function.
//!
//! A file's lines are counted without blank lines, lines of comment only, and `use` statements with all their lines. A
//! function's lines are those from `fn` to its closing brace, without blank lines and lines of comment only. Its
//! arguments are counted without `self` and without the context of a GraphQL resolver: both are its surroundings.

use super::Breach;
use super::source::{Source, find_word, is_word};
use super::tree::Tree;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;
const ARGUMENTS_MAX: usize = 5;

pub(super) fn breaches(tree: &Tree) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in &tree.sources {
        let lines = file_lines(source);
        if lines > FILE_LINES_MAX {
            let what = format!("{lines} lines of code, at most {FILE_LINES_MAX}: split it by meaning");
            found.push(Breach::new(&source.path, 0, what));
        }
        for function in functions(source) {
            let Function { line, name, lines, arguments } = function;
            if lines > FUNCTION_LINES_MAX {
                let what = format!("{name} has {lines} lines, at most {FUNCTION_LINES_MAX}");
                found.push(Breach::new(&source.path, line, what));
            }
            if arguments > ARGUMENTS_MAX {
                let what = format!("{name} has {arguments} arguments, at most {ARGUMENTS_MAX}");
                found.push(Breach::new(&source.path, line, what));
            }
        }
    }
    found
}

fn is_code(line: &str) -> bool {
    !line.trim().is_empty()
}

fn file_lines(source: &Source) -> usize {
    let (mut count, mut importing) = (0, false);
    for (_, code) in source.lines() {
        importing |= ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .any(|begin| code.trim_start().starts_with(begin));
        count += usize::from(is_code(code) && !importing);
        importing &= !code.contains(';');
    }
    count
}

#[derive(Debug, PartialEq, Eq)]
struct Function {
    line: usize,
    name: String,
    lines: usize,
    arguments: usize,
}

fn functions(source: &Source) -> Vec<Function> {
    let mut found = Vec::new();
    for (line, code) in source.lines() {
        let Some(at) = find_word(code, "fn ") else { continue };
        let name: String = code[at + 3..].chars().take_while(|letter| is_word(*letter)).collect();
        let rest = source.code[line..].iter().map(String::as_str);
        let text: Vec<&str> = std::iter::once(&code[at + 3 + name.len()..]).chain(rest).collect();
        if !name.is_empty() {
            found.push(Function { line, name, lines: body_lines(&text), arguments: arguments(&text.join("\n")) });
        }
    }
    found
}

/// Counts the lines of code to the closing brace, or to the semicolon of a function without a body.
fn body_lines(text: &[&str]) -> usize {
    let (mut count, mut depth) = (0, 0_usize);
    for line in text {
        count += usize::from(is_code(line));
        for letter in line.chars() {
            match letter {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 && matches!(letter, '}' | ';') {
                return count;
            }
        }
    }
    count
}

/// Counts the arguments of a function from the text behind its name.
fn arguments(text: &str) -> usize {
    let mut angles = 0_usize;
    let mut before = ' ';
    let begin = text.char_indices().find(|(_, letter)| {
        angles = angles_after(angles, before, *letter);
        before = *letter;
        *letter == '(' && angles == 0
    });
    let Some((begin, _)) = begin else { return 0 };
    let (mut depth, mut list, mut parts) = (0_usize, String::new(), Vec::new());
    before = ' ';
    angles = 0;
    for letter in text[begin..].chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        angles = angles_after(angles, before, letter);
        before = letter;
        if depth == 0 {
            break;
        }
        if letter == ',' && depth == 1 && angles == 0 {
            parts.push(std::mem::take(&mut list));
        } else if !(depth == 1 && letter == '(') {
            list.push(letter);
        }
    }
    parts.push(list);
    let name = |part: &str| part.split(':').next().unwrap_or_default().to_owned();
    let is_surroundings = |part: &str| find_word(&name(part), "self").is_some() || part.trim() == "ctx: &Context<'_>";
    parts.iter().filter(|part| is_code(part) && !is_surroundings(part)).count()
}

/// The arrow of a return type closes no angle.
fn angles_after(angles: usize, before: char, letter: char) -> usize {
    match letter {
        '<' => angles + 1,
        '>' if before != '-' && before != '=' => angles.saturating_sub(1),
        _ => angles,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_blanks_and_comments_are_no_lines_of_code() {
        let text = "//! Doc.\nuse a::{\n    B,\n};\npub use c;\n\n// why\nfn d() {\n    let e = \"x\n    y\";\n}\n";
        assert_eq!(file_lines(&Source::read("crates/a/src/b.rs", text)), 4);
        let long = "const A: u8 = 1;\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(breaches(&Tree::of_one("crates/a/src/b.rs", &long)).len(), 1);
    }

    #[test]
    fn a_function_ends_at_its_brace_and_its_arguments_are_counted_without_itself() {
        let text = "fn a<F: Fn(u8, u8) -> B>(&self, b: HashMap<u8, u8>, c: [u8; 3], f: impl Fn(A, B) -> C,) -> D {\n    // why\n    x\n}\nfn e(ctx: &Context<'_>, #[x(y, z)] g: u8);";
        let found = functions(&Source::read("crates/a/src/b.rs", text));
        let expected = |line, name: &str, lines, arguments| Function { line, name: name.to_owned(), lines, arguments };
        assert_eq!(found, [expected(1, "a", 3, 3), expected(5, "e", 1, 1)]);
    }

    #[test]
    fn a_function_that_is_too_long_or_asks_too_much_is_found() {
        let long = format!("fn a() {{\n{}}}\n", "    b();\n".repeat(FUNCTION_LINES_MAX));
        assert_eq!(breaches(&Tree::of_one("crates/a/src/b.rs", &long)).len(), 1);
        let greedy = "fn a(b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {}";
        assert_eq!(breaches(&Tree::of_one("crates/a/src/b.rs", greedy)).len(), 1);
    }
}
