// Scatter plot: support and confidence, coloured by lift. Rules of equal values are one point, the larger the more they are.

import { filtersOf } from "./address.js";
import { colourOf, LiftScale } from "./colours.js";
import { make, nothing } from "./elements.js";
import { library } from "./libraries.js";
import { count, counted, short } from "./numbers.js";

const TOUCH = window.matchMedia("(pointer: coarse)");
const AXES = ["support", "confidence", "lift"];
const HELP = `Select a point to see its rule${TOUCH.matches ? "" : ", drag to zoom, double-click to see all"}.`;
const POINTS = 3000; // more are slow to draw and hide each other

/** Draw the found rules, or a sample of them; return the number of all that were found. */
export async function drawScatter(explorer, panel, signal) {
  const [Plotly, points] = await Promise.all([
    library("Plotly"), explorer.source.points(filtersOf(explorer.state), POINTS, signal),
  ]);
  if (signal.aborted) return points.n_found;
  if (!points.n_found) {
    panel.replaceChildren(nothing(explorer));
    return 0;
  }
  const scale = new LiftScale(points.lift);
  const groups = grouped(points);
  const plot = make("div", { className: "plot", role: "img", "aria-label": "Scatter plot of support and confidence" });
  const range = rangeButton(explorer);
  panel.replaceChildren(
    make("p", { className: "note" }, `${described(points)} ${HELP} `, scale.legend()), plot, range.element);
  if (!groups.length) return points.n_found;
  await Plotly.newPlot(plot, [trace(groups, scale)], layout(), { displayModeBar: false, responsive: true, showTips: false });
  signal.addEventListener("abort", () => Plotly.purge(plot));
  plot.on("plotly_click", ({ points: [point] }) => explorer.openId(groups[point.pointIndex].rules[0]));
  plot.on("plotly_relayout", (changes) => range.show(changes));
  return points.n_found;
}

function described({ n_found: nFound, rule_id: ids }) {
  if (ids.length < nFound) return `A sample of ${count(ids.length)} of the ${count(nFound)} rules, with the most extreme ones.`;
  return `${counted(nFound, "rule", "rules")}.`;
}

function grouped({ rule_id: ids, support, confidence, lift }) {
  const groups = new Map();
  ids.forEach((id, row) => {
    const values = [support[row], confidence[row], lift[row]];
    const group = groups.get(values.join()) ?? { values, rules: [] };
    group.rules.push(id);
    groups.set(values.join(), group);
  });
  // The highest lift is drawn last, on top.
  const known = [...groups.values()].filter(({ values }) => !values.includes(null));
  return known.sort((one, other) => one.values[2] - other.values[2]);
}

function trace(groups, scale) {
  const column = (place) => groups.map(({ values }) => values[place]);
  return {
    type: "scatter",
    mode: "markers",
    x: column(0),
    y: column(1),
    marker: {
      color: column(2).map((lift) => scale.colour(lift)),
      size: groups.map(({ rules }) => 6 + Math.min(18, 2 * Math.log2(rules.length))),
      opacity: 0.8,
      line: { width: 0.5, color: colourOf("--card") },
    },
    text: groups.map(({ values, rules }) => [
      counted(rules.length, "rule", "rules"), ...AXES.map((name, place) => `${name} ${short(values[place])}`),
    ].join("<br>")),
    hovertemplate: "%{text}<extra></extra>",
  };
}

function layout() {
  const [text, line, card] = ["--text", "--line", "--card"].map(colourOf);
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
  return {
    height: 460,
    margin: { l: 52, r: 10, t: 10, b: 48 }, // fixed: Plotly draws everything twice to find them
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: text, family: "system-ui, sans-serif", size: 13 },
    hoverlabel: { bgcolor: card, bordercolor: line, font: { color: text } },
    dragmode: TOUCH.matches ? false : "zoom", // a finger scrolls the page
    xaxis: { title: { text: "support" }, ...axis },
    yaxis: { title: { text: "confidence" }, ...axis },
  };
}

// A zoomed range can become a filter, which the other views follow.
function rangeButton(explorer) {
  const element = make("button", { type: "button", className: "step", hidden: true }, "Only rules of this range");
  let bounds = {};
  element.addEventListener("click", () => explorer.change((state) => {
    for (const [name, value] of Object.entries(bounds)) state.set(name, value);
  }));
  const show = (changes) => {
    if (changes["xaxis.autorange"]) bounds = {};
    for (const [axis, measure] of [["xaxis", "support"], ["yaxis", "confidence"]]) {
      if (changes[`${axis}.range[0]`] === undefined) continue;
      bounds[`min_${measure}`] = Number(changes[`${axis}.range[0]`].toPrecision(4));
      bounds[`max_${measure}`] = Number(changes[`${axis}.range[1]`].toPrecision(4));
    }
    element.hidden = !Object.keys(bounds).length;
  };
  return { element, show };
}
