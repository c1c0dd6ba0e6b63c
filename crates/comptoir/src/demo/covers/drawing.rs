//! Lays a cover out: 300 by 450, one of five designs, in the colours of the category.

use super::ornament::{self, Dice, Inks};
use super::palette::{self, Palette};
use super::typesetting::{Align, Block, Placing, Room, Style, escape, set};

/// Fonts of the classic kind that systems bring along, the first that is there.
const FONTS: &str = "Palatino Linotype, Palatino, Book Antiqua, URW Palladio L, TeX Gyre Pagella, EB Garamond, \
    Baskerville, Georgia, Liberation Serif, Times New Roman, serif";
/// The imprint.
const IMPRINT: &str = "COMPTOIR";
/// Half of the width: where centred things stand.
const MIDDLE: i32 = 150;

const SUBTITLE: Style = Style { size_max: 165, spacing: 0, leading: 1_150 };
const AUTHOR: Style = Style { size_max: 130, spacing: 100, leading: 1_350 };
const SMALL: Style = Style { size_max: 78, spacing: 220, leading: 1_300 };

/// What a cover says, and what its looks follow from.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    pub(super) title: String,
    pub(super) author: String,
    /// The slug of the category.
    pub(super) category: String,
    /// Of the first publication; shown from the year 1000 on.
    pub(super) year: i32,
    /// Its digits choose the design and the ornament.
    pub(super) seed: u128,
}

/// How a cover is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// Cream paper in a black and two coloured rules.
    Framed,
    /// A patterned paper with a label on it.
    Labelled,
    /// A cloth binding stamped in gold.
    Gilded,
    /// The title on paper, a patterned band below.
    Banded,
    /// A great medallion that rises from the lower edge.
    Rising,
}

impl Design {
    pub(super) const ALL: [Design; 5] =
        [Design::Framed, Design::Labelled, Design::Gilded, Design::Banded, Design::Rising];

    /// Returns the design of a cover.
    #[cfg(test)]
    pub(super) fn of(cover: &Cover) -> Self {
        Dice::new(cover.seed).pick(&Self::ALL)
    }

    /// The largest title and the room for it and the subtitle.
    fn title(self) -> (Style, Room) {
        let (size_max, width, height) = match self {
            Design::Framed => (400, 224, 132),
            Design::Labelled => (340, 184, 140),
            Design::Gilded => (400, 220, 124),
            Design::Banded => (460, 236, 168),
            Design::Rising => (400, 236, 140),
        };
        (Style { size_max, spacing: 0, leading: 1_080 }, Room { width, height })
    }
}

/// The texts of a cover, set.
pub(super) struct Texts {
    pub(super) title: Block,
    pub(super) subtitle: Option<Block>,
    pub(super) author: Block,
    /// In Roman numerals; empty where it is not shown.
    year: String,
}

/// The space between title and subtitle.
const SUBTITLE_GAP: i32 = 8;

/// Sets the texts of a cover for a design; the room is that of title and subtitle, and as wide as the author's.
pub(super) fn texts(cover: &Cover, design: Design) -> (Texts, Room) {
    let (style, room) = design.title();
    let (title, subtitle) = split_title(&cover.title);
    let subtitle = subtitle.map(|text| set(text, SUBTITLE, Room { height: 44, ..room }));
    let taken = subtitle.as_ref().map_or(0, |block| block.height() + SUBTITLE_GAP);
    let title = set(title, style, Room { height: room.height - taken, ..room });
    let author = set(&cover.author.to_uppercase(), AUTHOR, Room { height: 34, ..room });
    (Texts { title, subtitle, author, year: roman(cover.year) }, room)
}

impl Texts {
    /// The height of title and subtitle.
    pub(super) fn title_height(&self) -> i32 {
        self.title.height() + self.subtitle.as_ref().map_or(0, |block| block.height() + SUBTITLE_GAP)
    }

    fn draw_title(&self, (x, y): (i32, i32), align: Align, colour: &str) -> String {
        let mut svg = self.title.draw(&Placing { x, y, align, colour, italic: false });
        if let Some(subtitle) = &self.subtitle {
            let y = y + self.title.height() + SUBTITLE_GAP;
            svg += &subtitle.draw(&Placing { x, y, align, colour, italic: true });
        }
        svg
    }
}

/// Splits `Walden ou la Vie dans les bois` and `Arsène Lupin, gentleman-cambrioleur` as title pages do.
fn split_title(title: &str) -> (&str, Option<&str>) {
    let cut = title.find(" ou ").map(|at| (at, at + 1)).or_else(|| title.find(", ").map(|at| (at, at + 2)));
    match cut {
        Some((end, start)) => (&title[..end], Some(&title[start..])),
        None => (title, None),
    }
}

/// Draws a cover as an SVG document.
pub(super) fn draw(cover: &Cover) -> String {
    let palette = palette::of_category(&cover.category);
    let mut dice = Dice::new(cover.seed);
    let design = dice.pick(&Design::ALL);
    let (texts, _) = texts(cover, design);
    let body = match design {
        Design::Framed => framed(&texts, palette, &mut dice),
        Design::Labelled => labelled(&texts, palette, &mut dice),
        Design::Gilded => gilded(&texts, palette, &mut dice),
        Design::Banded => banded(&texts, palette, &mut dice),
        Design::Rising => rising(&texts, palette, &mut dice),
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 300 450\" width=\"300\" height=\"450\" role=\"img\" \
         font-family=\"{FONTS}\"><title>{}, {}</title>{body}</svg>\n",
        escape(&cover.title),
        escape(&cover.author)
    )
}

fn filled(colour: &str) -> String {
    format!("<rect width=\"300\" height=\"450\" fill=\"{colour}\"/>")
}

/// A rule around everything, `inset` tenths of a pixel from the edge.
fn frame(inset: i32, colour: &str, width_tenths: i32) -> String {
    let tenths = super::typesetting::tenths;
    let (x, width, height) = (tenths(inset), tenths(3_000 - 2 * inset), tenths(4_500 - 2 * inset));
    let stroke = tenths(width_tenths);
    format!(
        "<rect x=\"{x}\" y=\"{x}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{stroke}\"/>"
    )
}

fn placed(figure: &str, (x, y): (i32, i32), percent: i32) -> String {
    format!("<g transform=\"translate({x} {y}) scale({}.{:02})\">{figure}</g>", percent / 100, percent % 100)
}

/// A short rule that swells in its middle, as printers set between title and author.
fn swelled_rule(y: i32, half_width: i32, colour: &str) -> String {
    let (left, right) = (MIDDLE - half_width, MIDDLE + half_width);
    format!("<path d=\"M{left} {y}Q{MIDDLE} {} {right} {y}Q{MIDDLE} {} {left} {y}Z\" fill=\"{colour}\"/>", y - 3, y + 3)
}

/// The imprint, and the year in Roman numerals under it.
fn imprint(year: &str, y: i32, colour: &str) -> String {
    let room = Room { width: 200, height: 30 };
    let text = |style: Style, text: &str, y: i32| {
        set(text, style, room).draw(&Placing { x: MIDDLE, y, align: Align::Middle, colour, italic: false })
    };
    match year {
        "" => text(SMALL, IMPRINT, y + 6),
        year => text(SMALL, IMPRINT, y) + &text(Style { size_max: 68, spacing: 140, ..SMALL }, year, y + 12),
    }
}

/// Cream paper in a black and two coloured rules.
fn framed(texts: &Texts, palette: Palette, dice: &mut Dice) -> String {
    let Palette { paper, ink, accent, .. } = palette;
    let author_bottom = 46 + texts.author.height();
    let title_y = (author_bottom + 232 - texts.title_height()) / 2 + 4;
    let medallion = ornament::medallion(dice, Inks { line: accent, ground: paper }, "1.4");
    filled(paper)
        + &frame(140, ink, 12)
        + &frame(185, accent, 7)
        + &frame(213, accent, 7)
        + &texts.author.draw(&Placing { x: MIDDLE, y: 46, align: Align::Middle, colour: ink, italic: false })
        + &texts.draw_title((MIDDLE, title_y), Align::Middle, accent)
        + &placed(&medallion, (MIDDLE, 310), 64)
        + &imprint(&texts.year, 392, ink)
}

/// A patterned paper with a label on it.
fn labelled(texts: &Texts, palette: Palette, dice: &mut Dice) -> String {
    let Palette { paper, ink, accent, ground, gilt } = palette;
    let inks =
        [Inks { line: gilt, ground }, Inks { line: paper, ground: accent }, Inks { line: accent, ground: paper }];
    let inks = dice.pick(&inks);
    let pattern = ornament::pattern(dice, "ground", inks);
    let height = 26 + texts.title_height() + 34 + texts.author.height() + 50;
    let top = (430 - height) / 2;
    let title_y = top + 26;
    let rule_y = title_y + texts.title_height() + 18;
    let author_y = rule_y + 16;
    let label = |inset: i32, stroke: &str, width: &str| {
        let (x, y) = (40 + inset, top + inset);
        let (w, h) = (220 - 2 * inset, height - 2 * inset);
        format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{paper}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>"
        )
    };
    format!("<defs>{pattern}</defs>")
        + &filled("url(#ground)")
        + &label(0, ink, "1.6")
        + &label(5, accent, ".8")
        + &texts.draw_title((MIDDLE, title_y), Align::Middle, ink)
        + &swelled_rule(rule_y, 32, accent)
        + &texts.author.draw(&Placing { x: MIDDLE, y: author_y, align: Align::Middle, colour: ink, italic: false })
        + &imprint(&texts.year, top + height - 34, accent)
}

/// A cloth binding stamped in gold.
fn gilded(texts: &Texts, palette: Palette, dice: &mut Dice) -> String {
    let Palette { ground, gilt, .. } = palette;
    let medallion = ornament::medallion(dice, Inks { line: gilt, ground }, "1.4");
    let title_y = 52 + (124 - texts.title_height()) / 2;
    let author_y = 366 - texts.author.height() / 2;
    let leaf = "<path d=\"M0 0C16 2 26 10 28 24C14 26 4 16 0 0ZM6 6L24 22M0 14V34M14 0H34\"/>";
    let corner = |x: i32, y: i32, scale: &str| format!("<g transform=\"translate({x} {y}) scale({scale})\">{leaf}</g>");
    let corners =
        corner(24, 24, "1 1") + &corner(276, 24, "-1 1") + &corner(24, 426, "1 -1") + &corner(276, 426, "-1 -1");
    filled(ground)
        + &frame(120, gilt, 16)
        + &frame(160, gilt, 6)
        + &format!("<g fill=\"none\" stroke=\"{gilt}\" stroke-width=\"1.1\">{corners}</g>")
        + &texts.draw_title((MIDDLE, title_y), Align::Middle, gilt)
        + &placed(&medallion, (MIDDLE, 266), 72)
        + &texts.author.draw(&Placing { x: MIDDLE, y: author_y, align: Align::Middle, colour: gilt, italic: false })
        + &imprint(&texts.year, 396, gilt)
}

/// The title on paper, a patterned band below.
fn banded(texts: &Texts, palette: Palette, dice: &mut Dice) -> String {
    let Palette { paper, ink, accent, ground, gilt } = palette;
    let inks = [Inks { line: gilt, ground }, Inks { line: paper, ground: accent }];
    let inks = dice.pick(&inks);
    let pattern = ornament::pattern(dice, "band", inks);
    let author_bottom = 40 + texts.author.height();
    let title_y = (author_bottom + 12 + 270 - texts.title_height()) / 2;
    let tab = format!(
        "<rect x=\"96\" y=\"384\" width=\"108\" height=\"40\" fill=\"{paper}\" stroke=\"{accent}\" stroke-width=\".8\"/>"
    );
    format!("<defs>{pattern}</defs>")
        + &filled(paper)
        + &texts.author.draw(&Placing { x: 32, y: 40, align: Align::Start, colour: ink, italic: false })
        + &format!("<path d=\"M32 {}H92\" stroke=\"{accent}\" stroke-width=\"2.4\"/>", author_bottom + 12)
        + &texts.draw_title((31, title_y), Align::Start, accent)
        + "<rect y=\"282\" width=\"300\" height=\"168\" fill=\"url(#band)\"/>"
        + &format!(
            "<path d=\"M0 282H300\" stroke=\"{ink}\" stroke-width=\"3\"/><path d=\"M0 277.500H300\" stroke=\"{accent}\"/>"
        )
        + &tab
        + &imprint(&texts.year, 394, ink)
}

/// A great medallion that rises from the lower edge.
fn rising(texts: &Texts, palette: Palette, dice: &mut Dice) -> String {
    let Palette { paper, ground, gilt, .. } = palette;
    let medallion = ornament::medallion(dice, Inks { line: gilt, ground }, ".8");
    let author_y = 34;
    let title_y = author_y + texts.author.height() + 26;
    let foot = format!(
        "<rect y=\"412\" width=\"300\" height=\"38\" fill=\"{ground}\"/><path d=\"M0 412H300M0 415.500H300\" stroke=\"{gilt}\"/>"
    );
    filled(ground)
        + &placed(&medallion, (MIDDLE, 412), 168)
        + &foot
        + &texts.author.draw(&Placing { x: MIDDLE, y: author_y, align: Align::Middle, colour: gilt, italic: false })
        + &texts.draw_title((MIDDLE, title_y), Align::Middle, paper)
        + &imprint(&texts.year, 422, gilt)
}

/// Writes a year in Roman numerals; nothing before the year 1000 or after 3999.
fn roman(year: i32) -> String {
    const NUMERALS: [(i32, &str); 13] = [
        (1_000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = if (1_000..4_000).contains(&year) { year } else { 0 };
    let mut text = String::new();
    for (value, numeral) in NUMERALS {
        for _ in 0..rest / value {
            text.push_str(numeral);
        }
        rest %= value;
    }
    text
}
