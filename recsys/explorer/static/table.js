// The table: a page of the found rules.

import { filtersOf, queryOf, valueOf } from "./address.js";
import { arrow, make, nothing } from "./elements.js";
import { MAIN, MEANINGS, named } from "./measures.js";
import { count, short, titlesOf } from "./numbers.js";

const PAGE = 50; // rules

/** Draw a page of rules; return the number of all that were found. */
export async function drawTable(explorer, panel, signal) {
  const { state, source } = explorer;
  const answer = await source.rules(queryOf(state), PAGE, signal);
  if (signal.aborted) return answer.n_found;
  explorer.learnTitles(answer.rules);
  const columns = columnsOf(state, explorer.summary);
  const parts = [head(explorer, columns), body(explorer, columns, answer.rules)];
  const table = make("table", { role: "table", "aria-label": "Rules" }, ...parts);
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  panel.replaceChildren(make("div", { className: "scroll" }, table), pager(explorer, answer));
  if (focused) panel.querySelector(`[data-focus="${focused}"]`)?.focus();
  return answer.n_found;
}

// The main measures, and those that a filter or the order uses.
function columnsOf(state, { measures }) {
  const used = [...filtersOf(state).keys()].map((name) => name.replace(/^(min|max)_/, ""));
  const shown = ["support_count", ...MAIN, valueOf(state, "sort"), ...used];
  return ["support_count", ...measures.map(({ name }) => name), "length"].filter((name) => shown.includes(name));
}

function head(explorer, columns) {
  const sort = valueOf(explorer.state, "sort");
  const descending = valueOf(explorer.state, "descending") === "true";
  const cells = columns.map((name) => {
    const button = make("button", { type: "button", title: MEANINGS[name] ?? "", "data-focus": name },
      named(name), make("span", { className: "arrow", "aria-hidden": "true" }, name === sort ? (descending ? "▼" : "▲") : ""));
    button.addEventListener("click", () => explorer.sortBy(name));
    const order = name === sort ? (descending ? "descending" : "ascending") : "none";
    return make("th", { scope: "col", role: "columnheader", "aria-sort": order, className: classOf(name, explorer) }, button);
  });
  return make("thead", { role: "rowgroup" },
    make("tr", { role: "row" }, make("th", { scope: "col", role: "columnheader" }, "Rule"), ...cells));
}

function body(explorer, columns, rules) {
  const rows = rules.map((rule) => {
    const open = ruleButton(explorer, rule);
    const cells = columns.map((name) => {
      const cell = make("td", { role: "cell", className: classOf(name, explorer) }, valueText(rule, name));
      cell.dataset.name = named(name);
      return cell;
    });
    return make("tr", { role: "row" }, make("th", { scope: "row", role: "rowheader" }, open), ...cells);
  });
  if (!rows.length) {
    rows.push(make("tr", { role: "row" }, make("td", { role: "cell", colSpan: columns.length + 1 }, nothing(explorer))));
  }
  return make("tbody", { role: "rowgroup" }, ...rows);
}

/** Return a button with the text of a rule, which shows the rule. */
export function ruleButton(explorer, rule) {
  const button = make("button", { type: "button", className: "open", "data-focus": `rule-${rule.rule_id}` },
    titlesOf(rule.antecedents), " ", arrow(), " ", titlesOf(rule.consequents));
  button.addEventListener("click", () => explorer.open(rule));
  return button;
}

// On a phone there is no room for the count, unless the rules are sorted by it.
function classOf(name, explorer) {
  return name === "support_count" && valueOf(explorer.state, "sort") !== name ? "number wide" : "number";
}

function valueText(rule, name) {
  if (name === "support_count") return count(rule.support_count);
  return name === "length" ? count(rule.antecedents.length + rule.consequents.length) : short(rule.measures[name]);
}

function pager(explorer, { n_found, offset, rules }) {
  const last = Math.max(0, Math.ceil(n_found / PAGE) - 1) * PAGE;
  const button = (name, target, possible) => {
    const element = make("button", { type: "button", className: "step", disabled: !possible, "data-focus": name }, name);
    element.addEventListener("click", () => explorer.change((state) => state.set("offset", target), { keepsPage: true }));
    return element;
  };
  const text = rules.length ? `${count(offset + 1)} to ${count(offset + rules.length)} of ${count(n_found)}` : "";
  return make("nav", { className: "pager", "aria-label": "Pages of rules", hidden: n_found <= PAGE && !offset },
    button("First", 0, offset > 0), button("Previous", Math.max(0, offset - PAGE), offset > 0),
    make("span", {}, text),
    button("Next", offset + PAGE, offset + PAGE < n_found), button("Last", last, offset < last));
}
