//! Draws throughput over time as SVG: two series, their axes, and moments that are marked. It is readable on white and
//! on black: nothing is filled, and lines and letters have colours of middle brightness.

use std::fmt::Write as _;

/// Where the picture of failover stands.
pub(crate) const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/failover.svg");

/// The picture and the field within it, in pixels.
const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 44.0;

const COLOURS: [&str; 2] = ["#2f81f7", "#d9822b"];
const GREY: &str = "#808890";

/// What is drawn.
pub(crate) struct Picture<'a> {
    /// Names and values, one for each step.
    pub(crate) series: [(&'a str, Vec<f64>); 2],
    /// Seconds from one value to the next.
    pub(crate) step: f64,
    /// Moments in seconds, and what happened.
    pub(crate) moments: &'a [(f64, &'a str)],
}

impl Picture<'_> {
    pub(crate) fn draw(&self) -> String {
        let values = || self.series.iter().flat_map(|it| it.1.iter().copied());
        let steps = self.series.iter().map(|it| it.1.len()).max().unwrap_or_default();
        let (end, most) = (steps as f64 * self.step, ceiling(values().fold(1.0, f64::max)));
        let x = |seconds: f64| LEFT + seconds / end * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
             <title>submit_sm a second at each of two carriers of one route, through a cut of the first</title>\n"
        );
        axes(&mut svg, (end, most), (&x, &y));
        for (seconds, what) in self.moments {
            let (at, top, foot) = (x(*seconds), TOP, y(0.0));
            add(
                &mut svg,
                &format!("<path d=\"M{at:.1} {top}V{foot:.1}\" stroke=\"{GREY}\" stroke-dasharray=\"4 4\"/>"),
            );
            add(
                &mut svg,
                &format!("<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{GREY}\">{what}</text>", at + 5.0, top + 10.0),
            );
        }
        for (nth, ((name, values), colour)) in self.series.iter().zip(COLOURS).enumerate() {
            let point =
                |(step, value): (usize, &f64)| format!("{:.1},{:.1}", x((step as f64 + 0.5) * self.step), y(*value));
            let points: Vec<String> = values.iter().enumerate().map(point).collect();
            let line = points.join(" ");
            add(
                &mut svg,
                &format!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{line}\"/>"),
            );
            let at = LEFT + 170.0 * nth as f64;
            add(&mut svg, &format!("<path d=\"M{at} 18h18\" stroke=\"{colour}\" stroke-width=\"3\"/>"));
            add(&mut svg, &format!("<text x=\"{}\" y=\"22\" fill=\"{colour}\">{name}</text>", at + 24.0));
        }
        svg + "</svg>\n"
    }
}

fn axes(svg: &mut String, (end, most): (f64, f64), (x, y): (impl Fn(f64) -> f64, impl Fn(f64) -> f64)) {
    let (foot, right) = (y(0.0), WIDTH - RIGHT);
    add(svg, &format!("<path d=\"M{LEFT} {TOP}V{foot:.1}H{right}\" fill=\"none\" stroke=\"{GREY}\"/>"));
    for nth in 0..=4 {
        let value = most * f64::from(nth) / 4.0;
        let at = y(value);
        add(svg, &format!("<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"{GREY}\" stroke-opacity=\"0.25\"/>"));
        let (x, y) = (LEFT - 8.0, at + 4.0);
        add(svg, &format!("<text x=\"{x}\" y=\"{y:.1}\" fill=\"{GREY}\" text-anchor=\"end\">{value:.0}</text>"));
    }
    let every = ceiling(end / 10.0);
    for nth in 0..=(end / every) as u32 {
        let seconds = f64::from(nth) * every;
        let (at, y) = (x(seconds), foot + 18.0);
        add(
            svg,
            &format!("<text x=\"{at:.1}\" y=\"{y:.1}\" fill=\"{GREY}\" text-anchor=\"middle\">{seconds:.0}</text>"),
        );
    }
    let (middle, bottom) = ((LEFT + right) / 2.0, HEIGHT - 8.0);
    add(svg, &format!("<text x=\"{middle}\" y=\"{bottom}\" fill=\"{GREY}\" text-anchor=\"middle\">seconds</text>"));
    let half = (TOP + foot) / 2.0;
    let turned = format!("x=\"14\" y=\"{half:.1}\" transform=\"rotate(-90 14 {half:.1})\"");
    add(svg, &format!("<text {turned} fill=\"{GREY}\" text-anchor=\"middle\">submit_sm a second</text>"));
}

/// The least of 1, 2, 4 and 5 times a power of ten that is not below the value.
fn ceiling(value: f64) -> f64 {
    let ten = 10_f64.powf(value.max(1.0).log10().floor());
    [1.0, 2.0, 4.0, 5.0, 10.0].map(|it| it * ten).into_iter().find(|it| value <= *it).unwrap_or(value)
}

fn add(svg: &mut String, line: &str) {
    writeln!(svg, "{line}").expect("a string takes everything");
}
