//! The curves as one picture: SVG, a panel each, both axes logarithmic.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::growth::Curve;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 220.0;
const EDGE: f64 = 48.0;
const COLUMNS: usize = 3;

pub(crate) fn write(path: &str, curves: &[Curve]) {
    let (columns, rows) = (COLUMNS.min(curves.len().max(1)), curves.len().div_ceil(COLUMNS));
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH * float(columns),
        HEIGHT * float(rows),
    );
    for (number, curve) in curves.iter().enumerate() {
        let place = (WIDTH * float(number % COLUMNS), HEIGHT * float(number / COLUMNS));
        panel(&mut text, curve, place);
    }
    text.push_str("</svg>\n");
    let path = Path::new(path);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder for the plot");
    fs::write(path, text).expect("the plot can be written");
}

fn panel(text: &mut String, curve: &Curve, (left, top): (f64, f64)) {
    let across = Axis::new(curve.points.iter().map(|point| point.0));
    let up = Axis::new(curve.points.iter().map(|point| point.1));
    let x = |value: f64| left + EDGE + across.place(value) * (WIDTH - 1.5 * EDGE);
    let y = |value: f64| top + HEIGHT - EDGE - up.place(value) * (HEIGHT - 2.0 * EDGE);
    let mut line = |part: String| {
        text.push_str(&part);
        text.push('\n');
    };
    line(format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{} by {}</text>",
        left + WIDTH / 2.0,
        top + EDGE / 2.0,
        curve.up,
        curve.across
    ));
    for value in across.marks() {
        line(format!(
            "<text x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{value}</text><path d=\"M{0} {2}V{3}\" stroke=\"#ddd\"/>",
            x(value),
            y(up.low) + 16.0,
            y(up.low),
            y(up.high)
        ));
    }
    for value in up.marks() {
        line(format!(
            "<text x=\"{0}\" y=\"{1}\" text-anchor=\"end\">{value}</text><path d=\"M{2} {1}H{3}\" stroke=\"#ddd\"/>",
            x(across.low) - 4.0,
            y(value),
            x(across.low),
            x(across.high)
        ));
    }
    let mut path = String::new();
    for (number, (a, b)) in curve.points.iter().enumerate() {
        let step = if number == 0 { 'M' } else { 'L' };
        write!(path, "{step}{:.1} {:.1} ", x(*a), y(*b)).expect("a string takes everything");
        line(format!("<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#1f6feb\"/>", x(*a), y(*b)));
    }
    line(format!("<path d=\"{path}\" fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"1.5\"/>"));
}

/// From a power of ten to a power of ten.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::MAX, f64::MIN_POSITIVE);
        for value in values.filter(|value| *value > 0.0) {
            low = low.min(value);
            high = high.max(value);
        }
        let (low, high) = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
        Self { low, high: if high > low { high } else { low * 10.0 } }
    }

    fn place(&self, value: f64) -> f64 {
        (value.max(self.low) / self.low).log10() / (self.high / self.low).log10()
    }

    fn marks(&self) -> Vec<f64> {
        let mut marks = vec![self.low];
        while marks[marks.len() - 1] * 10.0 <= self.high * 1.001 {
            marks.push(marks[marks.len() - 1] * 10.0);
        }
        marks
    }
}

fn float(number: usize) -> f64 {
    u32::try_from(number).map_or(0.0, f64::from)
}
