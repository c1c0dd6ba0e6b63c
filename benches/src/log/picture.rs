//! The curve as a picture: four small charts over the size of the log, as SVG 1.1 text.

use std::fmt::Write;

use super::curve::Point;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 200.0;
const MARGIN: f64 = 40.0;

/// One chart: its title and what it shows of a point.
type Chart = (&'static str, fn(&Point) -> f64);

const CHARTS: [Chart; 4] = [
    ("commits/s, 64 clients", |point| point.commits_per_second),
    ("feed, events/s", |point| point.feed_per_second),
    ("a stream of 20, p50 µs", |point| point.stream_p50.as_secs_f64() * 1e6),
    ("bytes on disk an event", |point| point.bytes_each),
];

/// Draws the points, every chart from zero, the size of the log on a logarithmic scale.
pub(super) fn draw(engine: &str, points: &[Point]) -> String {
    let (width, height) = (2.0 * (WIDTH + MARGIN) + MARGIN, 2.0 * (HEIGHT + 2.0 * MARGIN) + MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"14\">The log on {engine}, as it grows</text>\n"
    );
    for (nth, (title, value)) in CHARTS.iter().enumerate() {
        let left = MARGIN + (nth % 2) as f64 * (WIDTH + MARGIN);
        let top = 2.0 * MARGIN + (nth / 2) as f64 * (HEIGHT + 2.0 * MARGIN);
        let values: Vec<(u64, f64)> = points.iter().map(|point| (point.events, value(point))).collect();
        chart(&mut svg, (left, top), title, &values);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Draws one chart whose upper left corner is given. Writing to a string cannot fail.
fn chart(svg: &mut String, (left, top): (f64, f64), title: &str, values: &[(u64, f64)]) {
    let bottom = top + HEIGHT;
    let most = values.iter().fold(0.0_f64, |most, (_, value)| most.max(*value)) * 1.2;
    let step = WIDTH / values.len().max(1) as f64;
    let _ = writeln!(svg, "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{title}</text>", top - 8.0);
    let _ = writeln!(svg, "<path d=\"M{left} {top}V{bottom}H{}\" fill=\"none\" stroke=\"#888\"/>", left + WIDTH);
    let place = |nth: usize, value: f64| (left + (nth as f64 + 0.5) * step, bottom - HEIGHT * value / most.max(1e-9));
    let (mut line, mut marks) = (String::new(), String::new());
    for (nth, (events, value)) in values.iter().enumerate() {
        let (x, y) = place(nth, *value);
        let _ = write!(line, "{}{x:.1} {y:.1}", if nth == 0 { "M" } else { "L" });
        let _ = writeln!(
            marks,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#1a6\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value:.0}</text>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">10^{:.0}</text>",
            y - 8.0,
            bottom + 16.0,
            (*events as f64).log10()
        );
    }
    let _ =
        writeln!(svg, "<path d=\"{line}\" fill=\"none\" stroke=\"#1a6\" stroke-width=\"2\"/>\n{}", marks.trim_end());
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_figure_is_in_the_picture() {
        let point = |events, commits_per_second, bytes_each| Point {
            events,
            commits_per_second,
            feed_per_second: 500_000.0,
            stream_p50: Duration::from_micros(123),
            bytes_each,
        };
        let svg = draw("SQLite", &[point(10_000, 20_000.0, 570.0), point(100_000, 19_000.0, 571.0)]);
        for figure in [">20000<", ">19000<", ">500000<", ">123<", ">570<", ">571<", ">10^4<", ">10^5<", "SQLite"] {
            assert!(svg.contains(figure), "{figure} is not in {svg}");
        }
        assert_eq!(svg.matches("<circle").count(), 8);
    }
}
