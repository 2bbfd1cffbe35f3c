// Grouped matrix: antecedents in groups, consequents, and in each cell a circle: its size is the highest support, its
// colour the median lift. It is a table, for the keyboard and screen readers, too.

import { queryOf } from "./address.js";
import { groupAntecedents, keyOf } from "./clusters.js";
import { LiftScale } from "./colours.js";
import { showRules } from "./detail.js";
import { make, nothing } from "./elements.js";
import { count, counted, cut, label, short, titlesOf } from "./numbers.js";

const COLUMNS_ARE = "Columns are groups of antecedents that go with the same consequents, by their most frequent item; "
  + "rows are consequents.";
const RULES = 1000;
const COLUMNS = 12;
const ROWS = 20;
const LONGEST = 16; // letters of a column's title
const [SMALLEST, LARGEST] = [6, 26]; // pixels

/** Draw the best rules; return the number of all that were found. */
export async function drawMatrix(explorer, panel, signal) {
  const query = queryOf(explorer.state);
  query.delete("offset");
  const { n_found: nFound, rules } = await explorer.source.rules(query, RULES, signal);
  if (signal.aborted) return nFound;
  explorer.learnTitles(rules);
  if (!rules.length) {
    panel.replaceChildren(nothing(explorer));
    return nFound;
  }
  const best = (group) => Math.max(...lifts(group));
  const byLift = (one, other) => best(other) - best(one) || other.length - one.length;
  const all = [...Map.groupBy(rules, (rule) => keyOf(rule.consequents)).values()].sort(byLift);
  const rows = all.slice(0, ROWS);
  const columns = groupAntecedents(rows.flat(), COLUMNS).sort(byLift);
  const scale = new LiftScale(rules.map((rule) => rule.measures.lift));
  const which = rules.length < nFound ? `The best ${count(rules.length)} rules. ` : "";
  const nLeft = all.length - rows.length;
  const left = nLeft ? `${counted(nLeft, "consequent", "consequents")} with lower lifts left out. ` : "";
  panel.replaceChildren(
    make("p", { className: "note" }, `${which}${COLUMNS_ARE} ${left}A circle is the larger the higher the support. `, scale.legend()),
    make("div", { className: "scroll" }, table(explorer, columns, rows, scale)));
  return nFound;
}

function table(explorer, columns, rows, scale) {
  const supports = rows.flat().map((rule) => rule.measures.support);
  const most = supports.reduce((one, other) => Math.max(one, other), 0);
  const head = columns.map((group) => {
    const name = groupName(group);
    return make("th", { scope: "col" }, listButton(explorer, name, group, `${name} →`));
  });
  const body = rows.map((row) => {
    const name = titlesOf(row[0].consequents);
    const cells = columns.map((group) => {
      const rules = group.filter((rule) => keyOf(rule.consequents) === keyOf(row[0].consequents));
      return make("td", {}, ...(rules.length ? [circle(explorer, `${groupName(group)} → ${name}`, rules, scale, most)] : []));
    });
    return make("tr", {}, make("th", { scope: "row" }, listButton(explorer, name, row, `→ ${name}`)), ...cells);
  });
  return make("table", { className: "matrix", "aria-label": "Grouped matrix of the best rules" },
    make("thead", {}, make("tr", {}, make("td", {}), ...head)), make("tbody", {}, ...body));
}

function listButton(explorer, text, rules, title) {
  const button = make("button", { type: "button", className: "open", title }, text);
  button.addEventListener("click", () => showRules(explorer, title, rules));
  return button;
}

function circle(explorer, title, rules, scale, most) {
  const support = Math.max(...rules.map((rule) => rule.measures.support));
  const lift = median(lifts(rules));
  const label = `${title}: ${counted(rules.length, "rule", "rules")}, lift ${short(lift)}, support ${short(support)}`;
  const shape = make("span", { "aria-hidden": "true" });
  const size = SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(support / most);
  Object.assign(shape.style, { width: `${size}px`, height: `${size}px`, backgroundColor: scale.colour(lift) });
  const button = make("button", { type: "button", className: "circle", "aria-label": label, title: label }, shape);
  button.addEventListener("click", () => {
    if (rules.length === 1) explorer.open(rules[0]);
    else showRules(explorer, title, rules);
  });
  return button;
}

// The most frequent item, and how many others there are.
function groupName(rules) {
  const numbers = new Map();
  for (const title of rules.flatMap((rule) => rule.antecedents.map(label))) numbers.set(title, (numbers.get(title) ?? 0) + 1);
  const [first] = [...numbers].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
  if (!first) return "anything";
  const name = cut(first[0], LONGEST);
  return numbers.size > 1 ? `${name} +${numbers.size - 1}` : name;
}

function lifts(rules) {
  return rules.map((rule) => rule.measures.lift ?? 1);
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
