//! Sets titles in lines: as large as the box allows, broken where French typography breaks.
//!
//! Widths are thousandths of the font size, those of Palatino, the widest of the fonts asked for. Sizes are tenths of a
//! pixel.

use std::fmt::Write;

/// Words beyond this many stay together with the last one.
const WORDS_MAX: usize = 10;
/// The largest size that costs are counted at; they grow with it.
const COSTED_SIZE: i32 = 400;
/// What a line break after a small word costs, in tenths of a pixel of font size.
const SMALL_WORD_COST: i32 = 120;
/// What a further line costs.
const LINE_COST: i32 = 20;
/// Words that belong to the next one.
const SMALL_WORDS: [&str; 35] = [
    "le", "la", "les", "l’", "un", "une", "de", "du", "des", "d’", "à", "au", "aux", "en", "et", "ou", "sur", "sous",
    "dans", "par", "pour", "sans", "son", "sa", "von", "van", "m.", "don", "di", "ne", "pas", "avec", "d’un", "d’une",
    "se",
];

/// How a text may be set.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// The largest size, tenths of a pixel.
    pub(super) size_max: i32,
    /// The space added after each letter, thousandths of the font size.
    pub(super) spacing: i32,
    /// From one baseline to the next, thousandths of the font size.
    pub(super) leading: i32,
}

/// The room a text has, pixels.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A text in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) lines: Vec<String>,
    /// Tenths of a pixel.
    pub(super) size: i32,
    leading: i32,
    spacing: i32,
}

/// Which end of its lines stands at `x`.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Start,
    Middle,
}

/// Where a block stands, pixels, and how it looks.
pub(super) struct Placing<'a> {
    pub(super) x: i32,
    /// The top of the block.
    pub(super) y: i32,
    pub(super) align: Align,
    pub(super) colour: &'a str,
    pub(super) italic: bool,
}

impl Block {
    /// Returns how high the lines stand, pixels.
    pub(super) fn height(&self) -> i32 {
        let lines = i32::try_from(self.lines.len()).unwrap_or(i32::MAX);
        self.size * (900 + self.leading * (lines - 1)) / 10_000
    }

    /// Returns the estimated width of the widest line, tenths of a pixel.
    #[cfg(test)]
    pub(super) fn width_tenths(&self) -> i32 {
        self.lines.iter().map(|line| width(line, self.spacing) * self.size / 1_000).max().unwrap_or(0)
    }

    /// Writes the block as SVG.
    pub(super) fn draw(&self, placing: &Placing) -> String {
        let Placing { x, y, align, colour, italic } = placing;
        let anchor = match align {
            Align::Start => "start",
            Align::Middle => "middle",
        };
        let style = if *italic { " font-style=\"italic\"" } else { "" };
        let mut svg = format!(
            "<g fill=\"{colour}\" font-size=\"{}\" letter-spacing=\"{}\" text-anchor=\"{anchor}\"{style}>",
            tenths(self.size),
            tenths(self.size * self.spacing / 1_000)
        );
        for (line, number) in self.lines.iter().zip(0..) {
            let baseline = y * 10 + self.size * (780 + self.leading * number) / 1_000;
            // Letter spacing follows the last letter too: half of it moves the line back to the middle.
            let shift = match align {
                Align::Start => 0,
                Align::Middle => self.size * self.spacing / 2_000,
            };
            let (x, y) = (tenths(x * 10 + shift), tenths(baseline));
            // Writing to a string cannot fail.
            let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\">{}</text>", escape(line));
        }
        svg + "</g>"
    }
}

/// Sets a text in the lines that let it stand largest and best.
pub(super) fn set(text: &str, style: Style, room: Room) -> Block {
    let words = words(text);
    let breaks = words.len().saturating_sub(1);
    (0..1_u32 << breaks)
        .map(|mask| {
            let lines = lines(&words, mask);
            let size = size(&lines, style, room);
            let small = lines.iter().rev().skip(1).filter(|line| ends_small(line)).count();
            let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
            let breaks = SMALL_WORD_COST * count(small) + LINE_COST * count(lines.len());
            let cost = (breaks + unevenness(&lines, style) / 140) * style.size_max / COSTED_SIZE;
            (size - cost, Block { lines, size, leading: style.leading, spacing: style.spacing })
        })
        // The first of equals, whatever the order of evaluation: the one with the fewest early breaks.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, block)| block)
        .unwrap_or(Block { lines: Vec::new(), size: style.size_max, leading: style.leading, spacing: style.spacing })
}

/// Splits at ordinary spaces only: what typography binds with a no-break space stays together, as do initials.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let full = words.len() == WORDS_MAX;
        match words.last_mut() {
            Some(last) if full || is_initial(last) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

fn is_initial(word: &str) -> bool {
    word.ends_with('.') && word.split_whitespace().all(|part| part.chars().count() <= 4)
}

fn ends_small(line: &str) -> bool {
    let last = line.rsplit(' ').next().unwrap_or_default().to_lowercase();
    SMALL_WORDS.contains(&last.as_str())
}

fn lines(words: &[String], mask: u32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (word, index) in words.iter().zip(0_u32..) {
        match lines.last_mut() {
            Some(line) if mask & (1 << (index - 1)) == 0 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    lines
}

fn size(lines: &[String], style: Style, room: Room) -> i32 {
    let widest = lines.iter().map(|line| width(line, style.spacing)).max().unwrap_or(0).max(1);
    let count = i32::try_from(lines.len()).unwrap_or(i32::MAX).max(1);
    let by_height = room.height * 10_000 / (900 + style.leading * (count - 1));
    style.size_max.min(room.width * 10_000 / widest).min(by_height)
}

fn unevenness(lines: &[String], style: Style) -> i32 {
    let widths = || lines.iter().map(|line| width(line, style.spacing));
    widths().max().unwrap_or(0) - widths().min().unwrap_or(0)
}

/// Estimates the width of a line, thousandths of the font size.
pub(super) fn width(line: &str, spacing: i32) -> i32 {
    line.chars().map(|letter| advance(letter) + spacing).sum()
}

/// Returns the advance of a letter in Palatino, accents left out, rounded up to its class.
fn advance(letter: char) -> i32 {
    match letter {
        'i' | 'j' | 'l' | 'í' | 'î' | 'ï' | '.' | ',' | '’' | '\'' | ':' | ';' | '!' | ' ' | '\u{a0}' | '\u{202f}' => {
            295
        }
        'f' | 't' | 'r' | 'I' | 'J' | 'Í' | 'Î' | 'Ï' | '-' | '(' | ')' => 395,
        'a' | 'à' | 'â' | 'c' | 'ç' | 'e' | 'é' | 'è' | 'ê' | 'ë' | 's' | 'z' | 'á' | 'ä' => 500,
        'M' => 946,
        'W' | 'Œ' | 'Æ' | '—' => 1_000,
        'm' | 'w' | 'œ' | 'æ' => 885,
        'N' | 'H' | 'O' | 'Ô' | 'Ö' | 'Ó' | 'Ō' | 'Q' | 'D' | 'G' | 'U' | 'Û' | 'Ü' | 'A' | 'À' | 'Â' | 'Á' | 'Ä' => {
            832
        }
        'S' | 'P' | 'E' | 'É' | 'È' | 'Ê' | 'Ë' | 'F' | 'L' | 'B' | 'T' => 613,
        other if other.is_uppercase() => 730,
        _ => 611,
    }
}

/// Writes tenths as a decimal.
pub(super) fn tenths(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    match value % 10 {
        0 => format!("{sign}{}", value / 10),
        rest => format!("{sign}{}.{rest}", value / 10),
    }
}

/// Writes a text so that XML reads it as text (XML 1.0, section 2.4).
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
