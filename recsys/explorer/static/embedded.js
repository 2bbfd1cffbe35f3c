// Rules embedded in the page: the answers of the service, without one.

import { WRITERS } from "./embedded_export.js";

const SIDES = {
  item: (rule) => [...rule.antecedents, ...rule.consequents],
  antecedent: (rule) => rule.antecedents,
  consequent: (rule) => rule.consequents,
};

export class EmbeddedRules {
  formats = Object.keys(WRITERS);

  /** `content` has the service's summary, and all rules as in its answers. */
  constructor({ summary, rules }) {
    this.content = summary;
    this.all = rules;
    this.columns = new Set([...summary.measures.map((measure) => measure.name), "support_count", "length"]);
  }

  async summary() {
    return this.content;
  }

  async rules(query, limit) {
    const found = this.find(query);
    const offset = Number(query.get("offset") ?? 0);
    return { n_rules: this.all.length, n_found: found.length, offset, rules: found.slice(offset, offset + limit) };
  }

  async points(filters) {
    const found = this.find(filters);
    const columns = ["support", "confidence", "lift"].map((name) => [name, found.map((rule) => rule.measures[name])]);
    return { n_found: found.length, rule_id: found.map((rule) => rule.rule_id), ...Object.fromEntries(columns) };
  }

  async rule(id) {
    const rule = this.all.find((one) => String(one.rule_id) === id);
    if (!rule) throw refusal(`No rule has the id ${id}.`);
    return rule;
  }

  async items(search, limit) {
    const words = wordsOf(search);
    const items = new Map();
    for (const item of this.all.flatMap(SIDES.item)) {
      const known = items.get(item.item_id) ?? { ...item, n_rules: 0 };
      known.n_rules += 1;
      items.set(item.item_id, known);
    }
    return [...items.values()]
      .filter((item) => words.every((word) => formsOf(item).includes(word)))
      .sort((one, other) => other.n_rules - one.n_rules)
      .slice(0, limit);
  }

  exportAddress(format, query) {
    const [type, write] = WRITERS[format];
    const text = write(this.find(query), this.content.measures.map((measure) => measure.name), this.all.length);
    return URL.createObjectURL(new Blob([text], { type }));
  }

  /** Return the rules that all conditions hold for, in order. */
  find(query) {
    const conditions = [...query].map(([name, value]) => this.condition(name, value));
    const sort = query.get("sort") ?? "lift";
    if (!this.columns.has(sort)) throw refusal(`sort must be one of ${[...this.columns].join(", ")}.`);
    const sign = query.get("descending") === "false" ? 1 : -1;
    return this.all
      .filter((rule) => conditions.every((holds) => holds(rule)))
      .sort((one, other) => compare(valueIn(one, sort), valueIn(other, sort), sign) || one.rule_id - other.rule_id);
  }

  condition(name, value) {
    if (["sort", "descending", "offset"].includes(name)) return () => true;
    if (name in SIDES) return (rule) => SIDES[name](rule).some((item) => String(item.item_id) === value);
    if (name === "text") {
      const words = wordsOf(value);
      return (rule) => {
        const titles = SIDES.item(rule).map(formsOf);
        return words.every((word) => titles.some((title) => title.includes(word)));
      };
    }
    const [, bound, column] = /^(min|max)_(.*)$/.exec(name) ?? [];
    if (!this.columns.has(column)) throw refusal(`There is no filter ${name}.`);
    const limit = Number(value);
    if (Number.isNaN(limit)) throw refusal(`${name} must be a number. Got ${value}.`);
    if (bound === "min") return (rule) => (valueIn(rule, column) ?? Infinity) >= limit;
    return (rule) => (valueIn(rule, column) ?? Infinity) <= limit;
  }
}

function valueIn(rule, column) {
  if (column === "length") return rule.antecedents.length + rule.consequents.length;
  return column === "support_count" ? rule.support_count : rule.measures[column];
}

// What is not finite comes last in both directions.
function compare(one, other, sign) {
  if (one === null || other === null) return (one === null) - (other === null);
  return sign * (one - other);
}

function wordsOf(text) {
  return plain(text).split(/\s+/).filter(Boolean);
}

// A title as it is written and as people say it, as the service compares them.
function formsOf({ title, display_title }) {
  return plain(`${title}\n${display_title}`);
}

/** Text without case and accents, as the service compares it: upper case first makes ss of ß. */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

function refusal(message) {
  return Object.assign(new Error(message), { code: "invalid_request" });
}
