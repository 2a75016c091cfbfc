//! The lines of arrows: down through the layers where the layout left room for them, and across
//! between layers only, so that no line runs behind a box or a label.

use super::{
    Arrow,
    layout::{Layout, Rect},
};

/// A point.
type Point = (f64, f64);

/// Tops closer than this are those of one layer.
const SAME: f64 = 1.0;

/// Boxes or labels side by side: their top, and the lowest bottom.
struct Layer {
    top: f64,
    bottom: f64,
}

/// Puts the lines of arrows in the place of those that lead through the points of the layout.
/// Each goes down or across: `(x, y)` and the next have the same `x`, or lie in different layers.
pub(super) fn route(arrows: &[&Arrow], layout: &mut Layout) {
    let layers = layers(arrows, layout);
    let ends = ends(arrows, layout);
    for ((arrow, ends), (_, points)) in arrows.iter().zip(ends).zip(&mut layout.arrows) {
        let [from, to] = [arrow.from, arrow.to].map(|ix| layout.boxes.get(ix).copied());
        let (Some(from), Some(to)) = (from, to) else { continue };
        let is_down = from.y < to.y;
        let (upper, lower) = if is_down { (from, to) } else { (to, from) };
        let mut between: Vec<Point> =
            points.iter().skip(1).take(points.len().saturating_sub(2)).copied().collect();
        between.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let [x_above, x_below] = ends;
        let mut line = vec![(x_above, upper.bottom())];
        line.extend(layers.iter().find(|l| l.has(upper.y)).map(|layer| (x_above, layer.bottom)));
        for (x, y) in between {
            match layers.iter().find(|layer| layer.has(y)) {
                Some(layer) => line.extend([(x, layer.top), (x, layer.bottom)]),
                None => line.push((x, y)),
            }
        }
        line.push((x_below, lower.y));
        if !is_down {
            line.reverse();
        }
        *points = line;
    }
}

impl Layer {
    fn has(&self, y: f64) -> bool {
        (self.top - SAME..=self.bottom + SAME).contains(&y)
    }
}

/// The layers of the boxes that have arrows, and of the labels.
fn layers(arrows: &[&Arrow], layout: &Layout) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    let labels = layout.arrows.iter().map(|(label, _)| *label);
    let is_joined = |ix: usize| arrows.iter().any(|arrow| arrow.from == ix || arrow.to == ix);
    let boxes = layout.boxes.iter().enumerate().filter(|(ix, _)| is_joined(*ix));
    for place in boxes.map(|(_, place)| *place).chain(labels) {
        match layers.iter_mut().find(|layer| (layer.top - place.y).abs() < SAME) {
            Some(layer) => layer.bottom = layer.bottom.max(place.bottom()),
            None => layers.push(Layer { top: place.y, bottom: place.bottom() }),
        }
    }
    layers
}

/// Where the lines touch their boxes above and below: side by side, in the order of where they go.
fn ends(arrows: &[&Arrow], layout: &Layout) -> Vec<[f64; 2]> {
    let mut ends = vec![[0.0; 2]; arrows.len()];
    for (box_ix, place) in layout.boxes.iter().enumerate() {
        for side in 0..2 {
            let mut touching: Vec<(f64, usize)> = Vec::new();
            for (arrow_ix, (arrow, (label, _))) in arrows.iter().zip(&layout.arrows).enumerate() {
                if upper_and_lower(arrow, layout)
                    .is_some_and(|ends| ends.get(side) == Some(&box_ix))
                {
                    touching.push((label.x + label.width / 2.0, arrow_ix));
                }
            }
            touching.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            let mut x = place.x;
            let step = place.width / (count(touching.len()) + 1.0);
            for (_, arrow_ix) in touching {
                x += step;
                if let Some(end) = ends.get_mut(arrow_ix).and_then(|ends| ends.get_mut(side)) {
                    *end = x;
                }
            }
        }
    }
    ends
}

fn upper_and_lower(arrow: &Arrow, layout: &Layout) -> Option<[usize; 2]> {
    let [from, to]: [&Rect; 2] = [layout.boxes.get(arrow.from)?, layout.boxes.get(arrow.to)?];
    Some(if from.y < to.y { [arrow.from, arrow.to] } else { [arrow.to, arrow.from] })
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::MAX, f64::from)
}
