// Files of rules that are embedded in the page: those of the service's export.

// What a spreadsheet takes for the beginning of a formula, at the beginning of a cell.
const FORMULA = /(^|[;\t\r\n])(\s*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

export const WRITERS = {
  csv: ["text/csv", writeCsv],
  json: ["application/json", writeJson],
  graphml: ["application/graphml+xml", writeGraphml],
};

function writeCsv(rules, measures) {
  const header = ["rule_id", "antecedents", "consequents", "antecedent_ids", "consequent_ids", "support_count", ...measures];
  const rows = rules.map((rule) => {
    const sides = [rule.antecedents, rule.consequents];
    return [
      rule.rule_id,
      ...sides.map((side) => side.map((item) => item.title).join(" + ").replace(FORMULA, "$1'$2")),
      ...sides.map((side) => JSON.stringify(side.map((item) => item.item_id))),
      rule.support_count,
      ...measures.map((name) => rule.measures[name] ?? ""),
    ];
  });
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\n");
}

function cell(value) {
  return typeof value === "number" || value === "" ? String(value) : `"${value.replaceAll('"', '""')}"`;
}

function writeJson(rules, measures, nRules) {
  const bare = (items) => items.map(({ item_id, title }) => ({ item_id, title }));
  const written = rules.map((rule) => ({ ...rule, antecedents: bare(rule.antecedents), consequents: bare(rule.consequents) }));
  return JSON.stringify({ n_rules: nRules, n_found: rules.length, rules: written }, null, 1);
}

/** Items and rules are nodes, as in the service's export. */
function writeGraphml(rules, measures) {
  const keys = { type: "string", label: "string", item_id: "string", support_count: "long" };
  for (const name of measures) keys[name] = "double";
  const items = new Map(rules.flatMap((rule) => [...rule.antecedents, ...rule.consequents]).map((item) => [item.item_id, item]));
  const nodeOf = new Map([...items.keys()].map((id, row) => [id, `i${row}`]));
  const data = (name, value) => `<data key="${name}">${escaped(value)}</data>`;
  const lines = Object.entries(keys).map(([name, type]) => `<key id="${name}" for="node" attr.name="${name}" attr.type="${type}"/>`);
  lines.push('<graph id="rules" edgedefault="directed">');
  for (const { item_id: id, title } of items.values()) {
    lines.push(`<node id="${nodeOf.get(id)}">${data("type", "item")}${data("label", title)}${data("item_id", id)}</node>`);
  }
  for (const rule of rules) {
    const values = Object.entries({ support_count: rule.support_count, ...rule.measures }).filter(([, value]) => value !== null);
    lines.push(`<node id="r${rule.rule_id}">${data("type", "rule")}${values.map(([name, value]) => data(name, value)).join("")}</node>`);
    for (const { item_id: id } of rule.antecedents) lines.push(`<edge source="${nodeOf.get(id)}" target="r${rule.rule_id}"/>`);
    for (const { item_id: id } of rule.consequents) lines.push(`<edge source="r${rule.rule_id}" target="${nodeOf.get(id)}"/>`);
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n${lines.join("\n")}\n</graph>\n</graphml>\n`;
}

// Also without characters that XML cannot hold.
function escaped(value) {
  const text = String(value).replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
