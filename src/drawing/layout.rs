//! Where boxes, labels and arrows go: layers from top to bottom, by the `dagre` library.

use std::collections::{BTreeSet, VecDeque};

use dagre::{
    EdgeLabel, LayoutOptions, NodeLabel, RankAlign,
    graph::{Graph, GraphOptions},
    layout::types::LabelPos,
};

use super::{Arrow, route};

/// Least distance between boxes side by side.
const BETWEEN_BOXES: f64 = 36.0;

/// A width and a height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A rectangle by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    fn around(x: f64, y: f64, size: Size) -> Self {
        let Size { width, height } = size;
        Self { x: x - width / 2.0, y: y - height / 2.0, width, height }
    }

    pub(super) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// The boxes, in their order.
    pub(super) boxes: Vec<Rect>,
    /// The arrows, in their order: the label, and the points of the line.
    pub(super) arrows: Vec<(Rect, Vec<(f64, f64)>)>,
}

impl Layout {
    /// The greatest x of all.
    pub(super) fn right(&self) -> f64 {
        let labels = self.arrows.iter().map(|(label, _)| label);
        let rights = self.boxes.iter().chain(labels).map(|place| place.right());
        let points = self.arrows.iter().flat_map(|(_, points)| points).map(|(x, _)| *x);
        rights.chain(points).fold(0.0, f64::max)
    }
}

/// Lays boxes and arrows with their labels out; the course begins in the box of number `start`.
pub(super) fn layout(start: usize, boxes: &[Size], arrows: &[(&Arrow, Size)]) -> Layout {
    let options = GraphOptions { directed: true, multigraph: true, compound: false };
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(options);
    let is_joined = |ix: &usize| arrows.iter().any(|(a, _)| a.from == *ix || a.to == *ix);
    let (drawn, aside): (Vec<usize>, Vec<usize>) =
        order(start, boxes.len(), arrows).into_iter().partition(|ix| *ix == start || is_joined(ix));
    for ix in drawn {
        let Some(Size { width, height }) = boxes.get(ix) else { continue };
        let node = NodeLabel { width: *width, height: *height, ..NodeLabel::default() };
        graph.set_node(name(ix), Some(node));
    }
    // The library goes along the arrows in this order, and has those point upwards that come back
    // to where it was. What a state does when nothing special is the case stands last in it.
    for (arrow, Size { width, height }) in arrows.iter().rev() {
        let edge = EdgeLabel {
            width: *width,
            height: *height,
            labelpos: LabelPos::Center,
            ..EdgeLabel::default()
        };
        let (above, below) = direction(arrow, arrows);
        // Another arrow may lead the other way.
        graph.set_edge(name(above), name(below), Some(edge), Some(&edge_name(arrow)));
    }
    let options = LayoutOptions {
        nodesep: BETWEEN_BOXES,
        edgesep: 16.0,
        ranksep: 84.0,
        rank_align: RankAlign::Top,
        ..LayoutOptions::default()
    };
    dagre::layout(&mut graph, Some(options));
    let placed = boxes.iter().enumerate().map(|(ix, size)| {
        let node = graph.node(&name(ix));
        let [x, y] =
            [node.and_then(|n| n.x), node.and_then(|n| n.y)].map(Option::unwrap_or_default);
        Rect::around(x, y, *size)
    });
    let drawn = arrows.iter().map(|(arrow, size)| {
        let (above, below) = direction(arrow, arrows);
        let edge = graph.edge(&name(above), &name(below), Some(&edge_name(arrow)));
        let [x, y] =
            [edge.and_then(|e| e.x), edge.and_then(|e| e.y)].map(Option::unwrap_or_default);
        let points = edge.map_or(&[][..], |edge| &edge.points);
        (Rect::around(x, y, *size), points.iter().map(|point| (point.x, point.y)).collect())
    });
    let mut layout = Layout { boxes: placed.collect(), arrows: drawn.collect() };
    let arrows: Vec<&Arrow> = arrows.iter().map(|(arrow, _)| *arrow).collect();
    route::route(&arrows, &mut layout);
    put_aside(&mut layout, &aside);
    layout
}

/// The boxes without arrows, one below the other, on the right of all others; what is done in any
/// state stands above the states that only it leads to.
fn put_aside(layout: &mut Layout, aside: &[usize]) {
    let right = layout.right() + 2.0 * BETWEEN_BOXES;
    let mut y = 0.0;
    for ix in aside.iter().rev() {
        if let Some(place) = layout.boxes.get_mut(*ix) {
            (place.x, place.y) = (right, y);
            y = place.bottom() + BETWEEN_BOXES;
        }
    }
}

/// The boxes in the order in which the course comes to them. The library takes arrows that lead
/// back to earlier ones for upward ones.
fn order(start: usize, n_boxes: usize, arrows: &[(&Arrow, Size)]) -> Vec<usize> {
    let is_entered = |ix: usize| arrows.iter().any(|(arrow, _)| arrow.to == ix);
    let (entered, starts): (Vec<usize>, Vec<usize>) = (0..n_boxes).partition(|ix| is_entered(*ix));
    let mut order = Vec::new();
    for first in [start].into_iter().chain(starts).chain(entered) {
        let mut open = VecDeque::from([first]);
        while let Some(ix) = open.pop_front() {
            if !order.contains(&ix) {
                order.push(ix);
                let ways = arrows.iter().filter(|(arrow, _)| arrow.from == ix);
                open.extend(ways.map(|(arrow, _)| arrow.to));
            }
        }
    }
    order
}

/// Which end of an arrow is to be above. What throws back to an earlier place points upwards, so
/// that the course itself goes down.
fn direction(arrow: &Arrow, arrows: &[(&Arrow, Size)]) -> (usize, usize) {
    if arrow.is_setback && leads(arrow.to, arrow.from, arrows) {
        (arrow.to, arrow.from)
    } else {
        (arrow.from, arrow.to)
    }
}

/// Whether the course leads from one box to another without setbacks.
fn leads(from: usize, to: usize, arrows: &[(&Arrow, Size)]) -> bool {
    let mut reached = BTreeSet::from([from]);
    let mut open = VecDeque::from([from]);
    while let Some(ix) = open.pop_front() {
        let ways = arrows.iter().filter(|(arrow, _)| arrow.from == ix && !arrow.is_setback);
        open.extend(ways.map(|(arrow, _)| arrow.to).filter(|to| reached.insert(*to)));
    }
    reached.contains(&to)
}

fn edge_name(arrow: &Arrow) -> String {
    format!("a{}-{}", arrow.from, arrow.to)
}

fn name(ix: usize) -> String {
    format!("b{ix}")
}
