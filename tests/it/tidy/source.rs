//! A Rust file taken apart: its code without comments and texts, its texts, and what of it is for tests.

/// Who runs a line of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// The shop.
    Product,
    /// Tests and what only they use.
    Test,
    /// Examples and benchmarks, which measure and print.
    Measure,
}

/// A Rust file.
#[derive(Clone)]
pub(super) struct Source {
    /// From the project's root.
    pub(super) path: String,
    /// Each line without its comments; a text is left as its quotes, a character as two.
    pub(super) code: Vec<String>,
    /// Each text and the line it begins on, from 1.
    pub(super) texts: Vec<(usize, String)>,
    audience: Audience,
    for_tests: Vec<bool>,
}

impl Source {
    /// Takes a file apart.
    pub(super) fn read(path: &str, text: &str) -> Self {
        let mut lexer = Lexer { chars: text.chars().collect(), at: 0, line: 1, code: String::new(), texts: Vec::new() };
        lexer.run();
        let code: Vec<String> = lexer.code.split('\n').map(str::to_owned).collect();
        let for_tests = vec![false; code.len()];
        let audience = audience_of(path);
        let mut source = Self { path: path.to_owned(), code, texts: lexer.texts, audience, for_tests };
        source.find_tests();
        source
    }

    /// Returns who runs a line, from 1.
    pub(super) fn audience(&self, line: usize) -> Audience {
        if self.for_tests.get(line - 1) == Some(&true) { Audience::Test } else { self.audience }
    }

    /// Says that the whole file is for tests.
    pub(super) fn set_test(&mut self) {
        self.audience = Audience::Test;
    }

    /// Returns its lines of code with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()))
    }

    /// Returns the paths, without `.rs`, of the modules that are declared for tests only.
    pub(super) fn test_modules(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let base = if matches!(name, "mod" | "lib" | "main") { folder } else { stem };
        let declared = self.lines().filter(|(line, _)| self.audience(*line) == Audience::Test);
        let names = declared.filter_map(|(_, code)| code.trim().strip_suffix(';')?.split("mod ").nth(1));
        names.map(|name| format!("{base}/{name}")).collect()
    }

    /// Marks every item behind `#[cfg(test)]`, to its closing brace or semicolon.
    fn find_tests(&mut self) {
        let mut line = 0;
        while line < self.code.len() {
            if !self.code[line].trim_start().starts_with("#[cfg(test)]") {
                line += 1;
                continue;
            }
            let end = self.item_end(line);
            self.for_tests[line..=end].fill(true);
            line = end + 1;
        }
    }

    /// Returns the line, from 0, on which the item that begins on this line ends.
    fn item_end(&self, begin: usize) -> usize {
        let mut depth = 0_usize;
        for (index, code) in self.code.iter().enumerate().skip(begin) {
            for letter in code.chars() {
                match letter {
                    '{' | '(' | '[' => depth += 1,
                    '}' | ')' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 && matches!(letter, '}' | ';') {
                    return index;
                }
            }
        }
        self.code.len() - 1
    }
}

fn audience_of(path: &str) -> Audience {
    if path.starts_with("benches/") || path.contains("/benches/") || path.contains("/examples/") {
        Audience::Measure
    } else if path.starts_with("tests/")
        || path.starts_with("crates/testkit/")
        || path.starts_with("crates/test_postgres/")
        || (path.starts_with("crates/") && path.split('/').nth(2) == Some("tests"))
    {
        Audience::Test
    } else {
        Audience::Product
    }
}

/// Returns whether a letter may stand in an identifier.
pub(super) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Finds a piece of code that stands by itself, not as a part of a longer word. Returns where, in bytes.
pub(super) fn find_word(code: &str, word: &str) -> Option<usize> {
    let (first, last) = (word.starts_with(is_word), word.ends_with(is_word));
    let stands_alone = |at: &usize| {
        let before = code[..*at].chars().next_back().is_some_and(is_word);
        let after = code[at + word.len()..].chars().next().is_some_and(is_word);
        !(first && before || last && after)
    };
    code.match_indices(word).map(|(at, _)| at).find(stands_alone)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    texts: Vec<(usize, String)>,
}

impl Lexer {
    fn run(&mut self) {
        while let Some(letter) = self.peek(0) {
            match (letter, self.peek(1)) {
                ('/', Some('/')) => self.skip_line(),
                ('/', Some('*')) => self.skip_block(),
                ('"', _) => self.take_text(),
                ('r', Some('"' | '#')) => self.take_raw_text(),
                ('\'', _) => self.take_character(),
                _ => self.copy(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Goes on by one letter and returns it; a line's end is kept, so that lines keep their numbers.
    fn next(&mut self) -> Option<char> {
        let letter = self.peek(0)?;
        self.at += 1;
        if letter == '\n' {
            self.line += 1;
            self.code.push('\n');
        }
        Some(letter)
    }

    fn copy(&mut self) {
        if let Some(letter) = self.next()
            && letter != '\n'
        {
            self.code.push(letter);
        }
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|letter| letter != '\n') {
            self.at += 1;
        }
    }

    fn skip_block(&mut self) {
        let mut depth = 0;
        while let Some(letter) = self.next() {
            match (letter, self.peek(0)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => continue,
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// A text counts as code on each of its lines.
    fn take_letter(&mut self, text: &mut String) -> Option<char> {
        let letter = self.next()?;
        if letter == '\n' {
            self.code.push('"');
        }
        text.push(letter);
        Some(letter)
    }

    fn take_text(&mut self) {
        let (begin, mut text) = (self.line, String::new());
        self.copy();
        while self.peek(0).is_some_and(|letter| letter != '"') {
            if self.take_letter(&mut text) == Some('\\') {
                self.take_letter(&mut text);
            }
        }
        self.copy();
        self.texts.push((begin, text));
    }

    fn take_raw_text(&mut self) {
        let hashes = self.chars[self.at + 1..].iter().take_while(|letter| **letter == '#').count();
        self.copy();
        if self.peek(hashes) != Some('"') {
            return;
        }
        self.at += hashes;
        let (begin, mut text) = (self.line, String::new());
        self.copy();
        let ends =
            |lexer: &Self| lexer.peek(0) == Some('"') && (1..=hashes).all(|ahead| lexer.peek(ahead) == Some('#'));
        while self.peek(0).is_some() && !ends(self) {
            self.take_letter(&mut text);
        }
        self.copy();
        self.at += hashes;
        self.texts.push((begin, text));
    }

    /// A character, or the quote of a lifetime.
    fn take_character(&mut self) {
        let length = match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => self.chars[self.at + 3..].iter().position(|letter| *letter == '\'').map(|more| more + 4),
            (Some(_), Some('\'')) => Some(3),
            _ => None,
        };
        match length {
            Some(length) => {
                self.at += length;
                self.code.push_str("''");
            }
            None => self.copy(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_not_code_and_lines_keep_their_numbers() {
        let text = "let a = \"x // {\\\" y\"; // z\n/* one\n /* two */ */ b('{', '\\'', '\\u{7d}');\nlet c: &'a str = r#\"p\nq\"#;";
        let source = Source::read("crates/x/src/a.rs", text);
        assert_eq!(source.code, ["let a = \"\"; ", "", " b('', '', '');", "let c: &'a str = r\"", "\"\";"]);
        assert_eq!(source.texts, [(1, "x // {\\\" y".to_owned()), (4, "p\nq".to_owned())]);
    }

    #[test]
    fn what_is_behind_cfg_test_is_for_tests() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
        let source = Source::read("crates/x/src/a.rs", text);
        let tests: Vec<usize> = (1..10).filter(|line| source.audience(*line) == Audience::Test).collect();
        assert_eq!(tests, [2, 3, 4, 5, 7, 8]);
        assert_eq!(source.test_modules(), ["crates/x/src/a/more"]);
    }

    #[test]
    fn a_word_stands_by_itself() {
        assert_eq!(find_word("a as_f64 f64", "f64"), Some(9));
        assert_eq!(find_word("x.sleep_until()", "sleep("), None);
    }
}
