// Graph: items with their titles, and each rule as a circle between its items. The circle is the larger the higher the
// support, its colour is the lift; arrows lead from the antecedents to it and from it to the consequents.

import { queryOf } from "./address.js";
import { colourOf, LiftScale } from "./colours.js";
import { make, nothing } from "./elements.js";
import { library } from "./libraries.js";
import { count, cut, label } from "./numbers.js";

const RULES = 50;
const [ITEMS, ITEMS_OF_A_PHONE, NARROW] = [26, 8, 600]; // of more items nobody reads the titles; pixels
const LONGEST = 36; // letters of a title: two or three lines
const LAYOUT = {
  name: "cose", animate: false, randomize: false, nodeDimensionsIncludeLabels: true, idealEdgeLength: 60, nodeRepulsion: 60000,
};
const ZOOM = 1.4; // of a step
const FONT = 12; // pixels, at every zoom
const [LINE, HALF_TITLE] = [46, 60]; // pixels: room for the titles at the edges

/** Draw the best rules; return the number of all that were found. */
export async function drawGraph(explorer, panel, signal) {
  const query = queryOf(explorer.state);
  query.delete("offset");
  const [cytoscape, { n_found: nFound, rules: best }] = await Promise.all([
    library("cytoscape"), explorer.source.rules(query, RULES, signal),
  ]);
  if (signal.aborted) return nFound;
  if (!best.length) {
    panel.replaceChildren(nothing(explorer));
    return nFound;
  }
  const rules = firstOf(best, panel.clientWidth < NARROW ? ITEMS_OF_A_PHONE : ITEMS);
  explorer.learnTitles(rules);
  const scale = new LiftScale(rules.map((rule) => rule.measures.lift));
  const which = rules.length < nFound ? `The best ${count(rules.length)} rules. ` : "";
  const canvas = make("div", { className: "graph", role: "img", "aria-label": "Graph of items and rules; the table has the same rules" });
  const zoom = make("div", { className: "zoom" });
  const text = `${which}Select an item to filter by it, a circle to see its rule. `;
  panel.replaceChildren(make("p", { className: "note" }, text, scale.legend()), zoom, canvas);
  const graph = cytoscape({
    container: canvas, elements: elementsOf(rules, scale), style: style(), userZoomingEnabled: false, maxZoom: 3,
    layout: { name: "preset" },
  });
  graph.on("tap", "node[kind = 'item']", ({ target }) => explorer.filters.addItem("item", target.data()));
  graph.on("tap", "node[kind = 'rule']", ({ target }) => explorer.open(rules[target.data("row")]));
  graph.on("zoom", () => keepSizes(graph));
  arrange(graph);
  addZoom(graph, zoom);
  signal.addEventListener("abort", () => graph.destroy());
  return nFound;
}

/** Return the first rules, with at most n items, and at least one rule. */
function firstOf(rules, n) {
  const items = new Set();
  const end = rules.findIndex((rule) => {
    for (const item of [...rule.antecedents, ...rule.consequents]) items.add(item.item_id);
    return items.size > n;
  });
  return end < 0 ? rules : rules.slice(0, Math.max(end, 1));
}

function elementsOf(rules, scale) {
  const most = rules.reduce((value, rule) => Math.max(value, rule.measures.support), 0);
  const items = new Map(rules.flatMap((rule) => [...rule.antecedents, ...rule.consequents]).map((item) => [item.item_id, item]));
  const nodes = [...items.values()].map((item) => ({ data: { ...item, id: `i${item.item_id}`, label: cut(label(item), LONGEST), kind: "item", size: 6 } }));
  // The layout starts from a circle: it is always the same.
  nodes.forEach((node, row) => {
    const angle = (2 * Math.PI * row) / nodes.length;
    node.position = { x: 300 * Math.cos(angle), y: 300 * Math.sin(angle) };
  });
  const places = new Map(nodes.map((node) => [node.data.id, node.position]));
  const edges = [];
  rules.forEach((rule, row) => {
    const id = `r${rule.rule_id}`;
    const own = [...rule.antecedents, ...rule.consequents].map((item) => places.get(`i${item.item_id}`));
    const middle = (axis) => own.reduce((sum, place) => sum + place[axis], 0) / own.length + row % 7;
    nodes.push({
      data: {
        id, kind: "rule", row, size: 6 + 12 * Math.sqrt(rule.measures.support / most), colour: scale.colour(rule.measures.lift ?? 1),
      },
      position: { x: middle("x"), y: middle("y") },
    });
    for (const item of rule.antecedents) edges.push({ data: { source: `i${item.item_id}`, target: id } });
    for (const item of rule.consequents) edges.push({ data: { source: id, target: `i${item.item_id}` } });
  });
  return [...nodes, ...edges];
}

function style() {
  const [text, card, line] = ["--text", "--card", "--quiet"].map(colourOf);
  return [
    { selector: "node[kind = 'item']", style: {
      label: "data(label)", "background-color": text, color: text, "z-index": 2,
      "font-family": "system-ui, sans-serif", "text-wrap": "wrap", "text-overflow-wrap": "anywhere", "text-valign": "top", "text-margin-y": -3,
      "text-outline-color": card,
    } },
    { selector: "node[kind = 'rule']", style: { "z-index": 1, "background-color": "data(colour)" } },
    { selector: "edge", style: {
      "line-color": line, "line-opacity": 0.6, "curve-style": "bezier",
      "target-arrow-color": line, "target-arrow-shape": "triangle",
    } },
  ];
}

function keepSizes(graph) {
  const pixel = 1 / graph.zoom();
  graph.edges().style({ width: pixel, "arrow-scale": 0.7 * pixel });
  graph.nodes().forEach((node) => {
    const size = node.data("size") * pixel;
    const text = { "font-size": FONT * pixel, "text-max-width": 110 * pixel, "text-outline-width": 2 * pixel };
    node.style({ width: size, height: size, ...text });
  });
}

function arrange(graph) {
  keepSizes(graph);
  graph.layout(LAYOUT).run();
  fit(graph);
}

// Titles keep their size on the screen: what is fitted into it are the points, with room for titles around them.
function fit(graph) {
  const { x1, y1, w, h } = graph.nodes().boundingBox({ includeLabels: false });
  const [width, height] = [graph.width() - 2 * HALF_TITLE, graph.height() - 2 * LINE];
  graph.zoom(Math.min(width / w, height / h));
  const zoom = graph.zoom(); // at most maxZoom
  graph.pan({ x: graph.width() / 2 - zoom * (x1 + w / 2), y: graph.height() / 2 - zoom * (y1 + h / 2) });
}

// The wheel scrolls the page: zooming has buttons.
function addZoom(graph, place) {
  const centre = () => ({ x: graph.width() / 2, y: graph.height() / 2 });
  const zoomBy = (factor) => graph.zoom({ level: graph.zoom() * factor, renderedPosition: centre() });
  const steps = { "+": ["Zoom in", () => zoomBy(ZOOM)], "−": ["Zoom out", () => zoomBy(1 / ZOOM)], "□": ["Show all", () => fit(graph)] };
  for (const [sign, [label, act]] of Object.entries(steps)) {
    const button = make("button", { type: "button", className: "square", "aria-label": label, title: label }, sign);
    button.addEventListener("click", act);
    place.append(button);
  }
}
