//! Geometric ornaments: medallions of a radius of 100 around the origin, and patterns that fill a ground. Whole numbers
//! and rotations only, so that a drawing is the same on every machine.

use std::fmt::Write;

/// Choices that follow from a number.
pub(super) struct Dice(u128);

impl Dice {
    pub(super) fn new(seed: u128) -> Self {
        Self(seed)
    }

    /// Returns a number below `sides`.
    pub(super) fn roll(&mut self, sides: u32) -> u32 {
        let rolled = self.0 % u128::from(sides);
        self.0 /= u128::from(sides);
        u32::try_from(rolled).unwrap_or_default()
    }

    /// Returns one of the choices.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let sides = u32::try_from(choices.len()).unwrap_or(1);
        choices[usize::try_from(self.roll(sides)).unwrap_or_default()]
    }
}

/// The two colours of an ornament.
#[derive(Clone, Copy)]
pub(super) struct Inks<'a> {
    /// Lines, and figures that stand out.
    pub(super) line: &'a str,
    /// What lies under the figures.
    pub(super) ground: &'a str,
}

/// Repeats a figure around the origin.
fn around(count: u32, figure: &str) -> String {
    turned(count, 360, figure)
}

/// Repeats a figure, turned by equal parts of an angle, degrees.
fn turned(count: u32, degrees: u32, figure: &str) -> String {
    let mut svg = String::new();
    for index in 0..count {
        let angle = degrees * 100 * index / count;
        // Writing to a string cannot fail.
        let _ = write!(svg, "<g transform=\"rotate({}.{:02})\">{figure}</g>", angle / 100, angle % 100);
    }
    svg
}

/// Draws a medallion; `stroke` is the width of its lines.
pub(super) fn medallion(dice: &mut Dice, inks: Inks, stroke: &str) -> String {
    let Inks { line, ground } = inks;
    let (rim, body, heart) = (rim(dice, inks), body(dice, inks), heart(dice, inks));
    format!(
        "<g fill=\"{ground}\" stroke=\"{line}\" stroke-width=\"{stroke}\" stroke-linejoin=\"round\">{rim}{body}{heart}</g>"
    )
}

fn rim(dice: &mut Dice, Inks { line, .. }: Inks) -> String {
    let circle = |radius: u32, width: &str| format!("<circle r=\"{radius}\" fill=\"none\" stroke-width=\"{width}\"/>");
    match dice.roll(6) {
        0 => circle(99, "2.4") + &circle(94, "1"),
        1 => circle(91, "1") + &around(40, &format!("<circle cy=\"-97\" r=\"2.4\" fill=\"{line}\" stroke=\"none\"/>")),
        2 => around(24, "<circle cy=\"-90\" r=\"10\" fill=\"none\"/>") + &circle(79, "1"),
        3 => circle(89, "1.4") + &around(72, "<path d=\"M0-98V-92\"/>"),
        4 => {
            circle(87, "1") + &around(36, &format!("<path d=\"M-5-90L0-100L5-90Z\" fill=\"{line}\" stroke=\"none\"/>"))
        }
        _ => {
            let leaf = format!("<path d=\"M-8-92Q0-102 8-92Q0-90-8-92Z\" fill=\"{line}\" stroke=\"none\"/>");
            circle(86, "1") + &around(28, &leaf)
        }
    }
}

fn body(dice: &mut Dice, Inks { line, ground }: Inks) -> String {
    match dice.roll(8) {
        0 => around(dice.pick(&[14, 18, 24]), "<circle cy=\"-40\" r=\"38\" fill=\"none\" stroke-width=\"1\"/>"),
        1 => {
            let petals = dice.pick(&[8, 10, 12]);
            let back =
                around(petals, &format!("<ellipse cy=\"-52\" rx=\"11\" ry=\"26\" fill=\"{line}\" stroke=\"none\"/>"));
            let turn = 180 / petals;
            back + &format!("<g transform=\"rotate({turn})\">")
                + &around(petals, "<ellipse cy=\"-40\" rx=\"10\" ry=\"32\"/>")
                + "</g>"
        }
        2 => {
            let squares = dice.pick(&[4, 6, 8]);
            let square = |half: u32| format!("<path d=\"M0-{half}L{half} 0L0 {half}L-{half} 0Z\" fill=\"none\"/>");
            turned(squares, 90, &square(78)) + &turned(squares, 90, &square(46)) + "<circle r=\"28\" fill=\"none\"/>"
        }
        3 => {
            let kite = |long: u32, wide: u32| {
                format!(
                    "<path d=\"M0-{long}L{wide}-{wide}L0 0Z\" fill=\"{line}\"/><path d=\"M0-{long}L-{wide}-{wide}L0 0Z\" fill=\"{ground}\"/>"
                )
            };
            let (minor, main) = (kite(52, 13), kite(80, 17));
            format!("<g transform=\"rotate(22.5)\">{}</g>", around(8, &kite(60, 8)))
                + &format!("<g transform=\"rotate(45)\">{}</g>", around(4, &minor))
                + &around(4, &main)
        }
        4 => {
            let rays = dice.pick(&[16, 20, 24]);
            let ray = format!("<path d=\"M-5-34Q-12-56 0-80Q3-56 5-34Z\" fill=\"{line}\" stroke=\"none\"/>");
            around(rays, &ray) + "<circle r=\"30\" fill=\"none\"/>"
        }
        5 => {
            let leaves = dice.pick(&[6, 8, 10]);
            let leaf =
                "<path d=\"M0-20C24-40 16-66 0-82C-16-66-24-40 0-20Z\"/><path d=\"M0-22V-70\" stroke-width=\"1\"/>";
            let turn = 180 / leaves;
            let between = format!("<circle cy=\"-72\" r=\"4\" fill=\"{line}\" stroke=\"none\"/>");
            around(leaves, leaf) + &format!("<g transform=\"rotate({turn})\">{}</g>", around(leaves, &between))
        }
        6 => {
            let mut svg = String::new();
            for step in 0..10_u32 {
                let (angle, scale) = (step * 6, 100 - step * 8);
                let _ = write!(
                    svg,
                    "<path d=\"M76 0L38 66L-38 66L-76 0L-38-66L38-66Z\" fill=\"none\" transform=\"rotate({angle}) scale({}.{:02})\"/>",
                    scale / 100,
                    scale % 100
                );
            }
            svg
        }
        _ => {
            let waves = dice.pick(&[9, 12, 15]);
            around(waves, "<path d=\"M0 0C40-20 40-60 0-80C-20-60-20-30 0 0Z\" fill=\"none\" stroke-width=\"1.1\"/>")
        }
    }
}

fn heart(dice: &mut Dice, Inks { line, ground }: Inks) -> String {
    let disc = |radius: u32, fill: &str| format!("<circle r=\"{radius}\" fill=\"{fill}\"/>");
    match dice.roll(4) {
        0 => disc(9, line),
        1 => disc(15, ground) + &disc(7, line),
        2 => {
            disc(19, ground)
                + &around(6, &format!("<ellipse cy=\"-9\" rx=\"4\" ry=\"7\" fill=\"{line}\" stroke=\"none\"/>"))
        }
        _ => {
            let point = format!("<path d=\"M0-15L3-3L-3-3Z\" fill=\"{line}\" stroke=\"none\"/>");
            disc(19, ground) + &around(8, &point)
        }
    }
}

/// Draws the definition of a pattern; `id` names it.
pub(super) fn pattern(dice: &mut Dice, id: &str, inks: Inks) -> String {
    let Inks { line, ground } = inks;
    let (width, height, figure) = match dice.roll(8) {
        // Fish scales.
        0 => (40, 20, scales(ground)),
        // Lozenges with a floret.
        1 => (
            36,
            36,
            format!(
                "<path d=\"M18 0L36 18L18 36L0 18Z\"/><g transform=\"translate(18 18)\" stroke=\"none\" fill=\"{line}\">{}</g>",
                around(4, "<ellipse cy=\"-5\" rx=\"2.4\" ry=\"4.4\"/>")
            ),
        ),
        // Circles that overlap in quatrefoils.
        2 => (32, 32, overlapping()),
        // Flowers in quincunx, as on the papers of the dominotiers.
        3 => {
            let petals =
                around(6, &format!("<ellipse cy=\"-6\" rx=\"3\" ry=\"4.6\" fill=\"{line}\" stroke=\"none\"/>"));
            let flower = format!("{petals}<circle r=\"2.2\" fill=\"{ground}\" stroke=\"none\"/>");
            let dot = format!("<circle r=\"1.6\" fill=\"{line}\" stroke=\"none\"/>");
            let at = |x: u32, y: u32, figure: &str| format!("<g transform=\"translate({x} {y})\">{figure}</g>");
            (44, 44, at(11, 11, &flower) + &at(33, 33, &flower) + &at(33, 11, &dot) + &at(11, 33, &dot))
        }
        // Stripes with beads.
        4 => {
            let beads = format!(
                "<g fill=\"{line}\" stroke=\"none\"><circle cx=\"15\" cy=\"5\" r=\"2.6\"/><circle cx=\"15\" cy=\"15\" r=\"1.2\"/></g>"
            );
            (30, 20, "<path d=\"M3 0V20M27 0V20\" stroke-width=\"2.4\"/><path d=\"M6.500 0V20M23.500 0V20\" stroke-width=\".7\"/>".to_owned() + &beads)
        }
        // Chevrons.
        5 => {
            (40, 20, "<path d=\"M0 20L20 0L40 20M0 10L20-10L40 10M0 30L20 10L40 30\" stroke-width=\"1.3\"/>".to_owned())
        }
        // Stars of eight points.
        6 => {
            let star = format!(
                "<g transform=\"translate(20 20)\">{}</g>",
                turned(2, 90, "<rect x=\"-9\" y=\"-9\" width=\"18\" height=\"18\"/>")
            );
            let seed = format!("<circle cx=\"20\" cy=\"20\" r=\"3\" fill=\"{line}\" stroke=\"none\"/>");
            (
                40,
                40,
                star + &seed
                    + "<path d=\"M0 20H7M33 20H40M20 0V7M20 33V40\"/><path d=\"M-4 0H4M0-4V4M36 0H44M40-4V4M-4 40H4M0 36V44M36 40H44M40 36V44\"/>",
            )
        }
        // Leaves in alternating rows.
        _ => {
            let leaf = |x: u32, y: u32, turn: u32| {
                format!(
                    "<path transform=\"translate({x} {y}) rotate({turn})\" d=\"M0-10Q8 0 0 10Q-8 0 0-10Z\" fill=\"{line}\" stroke=\"none\"/>"
                )
            };
            (36, 36, leaf(9, 9, 35) + &leaf(27, 27, 35) + &leaf(27, 9, 325) + &leaf(9, 27, 325))
        }
    };
    format!(
        "<pattern id=\"{id}\" width=\"{width}\" height=\"{height}\" patternUnits=\"userSpaceOnUse\"><rect width=\"{width}\" height=\"{height}\" fill=\"{ground}\"/><g fill=\"none\" stroke=\"{line}\" stroke-width=\"1\">{figure}</g></pattern>"
    )
}

fn scales(ground: &str) -> String {
    let mut svg = String::new();
    for (x, y) in [(0, 10), (40, 10), (20, 20), (0, 30), (40, 30)] {
        for radius in [19, 13, 7] {
            let _ = write!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{ground}\"/>");
        }
    }
    svg
}

fn overlapping() -> String {
    let mut svg = String::new();
    for (x, y) in [(0, 0), (32, 0), (0, 32), (32, 32), (16, 16)] {
        let _ = write!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"16\"/>");
    }
    svg
}
