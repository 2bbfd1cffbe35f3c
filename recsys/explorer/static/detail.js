// One rule: its items, all its measures, and what can be done with it.

import { arrow, byId, make } from "./elements.js";
import { MEANINGS, named } from "./measures.js";
import { count, counted, label, listed, short, titlesOf } from "./numbers.js";
import { ruleButton } from "./table.js";

/** Show a rule. */
export function showRule(explorer, rule) {
  const names = explorer.summary.measures.map((measure) => measure.name);
  const measures = [["support_count", rule.support_count], ...names.map((name) => [name, rule.measures[name]])];
  fill(explorer,
    make("h3", { id: "explorer-rule-title" }, titlesOf(rule.antecedents), " ", arrow(), " ", titlesOf(rule.consequents)),
    make("p", {}, sentence(explorer.summary.nouns, rule)),
    ...recommendations(explorer.summary, rule),
    make("h4", {}, "Rules with the same"),
    make("ul", { className: "items" }, ...itemButtons(explorer, rule)),
    make("h4", {}, "Measures"),
    make("dl", {}, ...measures.flatMap(([name, value]) => [
      make("dt", {}, named(name)),
      make("dd", { className: "value" }, name === "support_count" ? count(value) : value === null ? "not finite" : short(value)),
      make("dd", { className: "quiet" }, MEANINGS[name] ?? ""),
    ])));
}

/** Show a list of rules, such as those of a cell of the matrix. */
export function showRules(explorer, title, rules) {
  fill(explorer,
    make("h3", { id: "explorer-rule-title" }, title),
    make("p", { className: "quiet" }, counted(rules.length, "rule", "rules")),
    make("ol", { className: "rules" }, ...rules.map((rule) => make("li", {}, ruleButton(explorer, rule),
      make("span", { className: "quiet" }, `confidence ${short(rule.measures.confidence)}, lift ${short(rule.measures.lift)}`)))));
}

function fill(explorer, ...content) {
  const dialog = byId("rule");
  const close = make("button", { type: "button", className: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => explorer.close());
  dialog.replaceChildren(close, ...content);
  dialog.scrollTop = 0;
  if (dialog.open) dialog.close(); // its next focus is the present one
  dialog.show();
  close.focus();
}

function sentence({ verb }, { antecedents, consequents, support_count, measures }) {
  const { confidence, lift } = measures;
  const all = `${counted(support_count, "transaction has", "transactions have")} all of it.`;
  if (!antecedents.length || confidence === null) return all;
  const [left, right] = [listed(antecedents), listed(consequents)];
  const also = verb ? `of those who ${verb} ${left} also ${verb} ${right}` : `of the transactions with ${left} also have ${right}`;
  const share = `${(100 * confidence).toFixed(1)}% ${also}`;
  const often = lift === null ? "" : `, ${short(lift)} times as likely as on average`;
  return `${share}${often}. ${all}`;
}

function recommendations({ can_recommend, nouns }, { antecedents }) {
  if (!can_recommend || !antecedents.length) return [];
  const address = `./?${new URLSearchParams(antecedents.map((item) => ["items", item.item_id]))}`;
  return [make("p", {}, make("a", { href: address, className: "action" },
    `Recommendations for people who ${nouns.verb} ${listed(antecedents)}`))];
}

function itemButtons(explorer, rule) {
  const sides = { antecedent: rule.antecedents, consequent: rule.consequents };
  return Object.entries(sides).flatMap(([role, items]) => items.map((item) => {
    const place = role === "antecedent" ? "before →" : "after →";
    const button = make("button", { type: "button", className: "filter" }, label(item), " ", make("span", { className: "quiet" }, place));
    button.addEventListener("click", () => {
      explorer.close();
      explorer.filters.addItem(role, item);
    });
    return make("li", {}, button);
  }));
}
