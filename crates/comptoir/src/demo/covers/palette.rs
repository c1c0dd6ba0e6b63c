//! The colours of each category.

/// The colours of a cover.
#[derive(Clone, Copy)]
pub(super) struct Palette {
    /// Light: the paper.
    pub(super) paper: &'static str,
    /// Dark: what is printed on paper.
    pub(super) ink: &'static str,
    /// Between the two: titles on paper, figures.
    pub(super) accent: &'static str,
    /// Deep: a coloured cover's ground.
    pub(super) ground: &'static str,
    /// Light on the ground: gilding.
    pub(super) gilt: &'static str,
}

/// The colours of each category, by its slug: paper, ink, accent, ground, gilt.
const PALETTES: [(&str, [&str; 5]); 20] = [
    ("romans", ["#f6efdf", "#1d1b18", "#a8201a", "#7c1c1f", "#e6c98f"]),
    ("roman-aventures", ["#f5ebd3", "#152a30", "#b9531f", "#12454f", "#e9b872"]),
    ("roman-social", ["#f0e8d8", "#211f1e", "#98291f", "#3a3735", "#d9b28a"]),
    ("roman-amour", ["#f9ede6", "#3a1720", "#ad3f58", "#732b41", "#f0c3b4"]),
    ("roman-analyse", ["#f2eeea", "#27233a", "#6d4a7c", "#443f60", "#d9c6b0"]),
    ("roman-policier", ["#f6e9b8", "#14171d", "#8a1c1c", "#171b24", "#e3b023"]),
    ("theatre", ["#f7ebd3", "#2b0d12", "#a3262f", "#6a1120", "#e0b566"]),
    ("poesie", ["#f1f1e9", "#16283a", "#3b6f99", "#23425f", "#c9dbe0"]),
    ("contes-nouvelles", ["#f4eed9", "#1c2c21", "#a5681a", "#2c5340", "#ecd08a"]),
    ("philosophie-essais", ["#f3f0e6", "#1e2633", "#7d6130", "#2a3954", "#d6c08f"]),
    ("fantastique-sf", ["#eeebf2", "#17163a", "#6a3fa0", "#1c1d4b", "#b7a6f0"]),
    ("jeunesse", ["#fdf3d9", "#22333a", "#cf4527", "#1d6a73", "#fbcf5f"]),
    ("litterature-etrangere", ["#f2eee0", "#1c2b2c", "#8b5a2a", "#31494d", "#dcc59a"]),
    ("litterature-anglaise", ["#f3eedd", "#172419", "#8a2b2e", "#1e3d2d", "#d9bd7a"]),
    ("litterature-americaine", ["#f4efe3", "#16213a", "#b03434", "#1e3659", "#e8cfa6"]),
    ("litterature-russe", ["#f7ecd8", "#2a1116", "#b0301c", "#57182a", "#e3b35a"]),
    ("litterature-allemande", ["#f1ede1", "#1d2125", "#97701c", "#363f47", "#e0c070"]),
    ("litterature-italienne", ["#f6efdd", "#1f2b1c", "#a33a2c", "#39573a", "#e6cf9c"]),
    ("litterature-espagnole", ["#f9eed2", "#2e1609", "#b02a1e", "#8a4312", "#f3c65c"]),
    ("antiquite", ["#f4e6cd", "#211914", "#a84d26", "#9c4a28", "#f0c99a"]),
];

/// Returns the colours of a category; those of novels where it has none of its own.
pub(super) fn of_category(slug: &str) -> Palette {
    let found = PALETTES.iter().find(|(known, _)| *known == slug);
    let [paper, ink, accent, ground, gilt] = found.map_or(PALETTES[0].1, |(_, colours)| *colours);
    Palette { paper, ink, accent, ground, gilt }
}

#[cfg(test)]
pub(super) fn has_own(slug: &str) -> bool {
    PALETTES.iter().any(|(known, _)| *known == slug)
}
