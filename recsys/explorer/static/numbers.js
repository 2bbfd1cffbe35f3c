// Numbers and rules as text.

// Made once: making them takes longer than using them.
const WHOLE = new Intl.NumberFormat("en");
const TURNS = /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/; // Hebrew, Arabic, marks
const FOUR_DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

export function count(value) {
  return WHOLE.format(value);
}

export function counted(value, one, many) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A measure with four digits; null is a value that is not finite, such as the conviction of a rule without exception. */
export function short(value) {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size > 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(2);
  return (size < 1e4 ? FOUR_DIGITS : WHOLE).format(value);
}

/** Return the title of an item as people say it: "The Matrix (1999)". */
export function label({ display_title, year }) {
  return isolated(year ? `${display_title} (${year})` : display_title);
}

// A title from right to left would turn what stands beside it: the arrow of a rule between two of them.
function isolated(title) {
  return TURNS.test(title) ? `\u2068${title}\u2069` : title;
}

/** Return a title with at most n letters; a letter of two code units stays whole. */
export function cut(title, n) {
  const letters = [...title.replace(/[\u2068\u2069]/g, "")];
  return letters.length > n ? isolated(`${letters.slice(0, n).join("").trimEnd()}…`) : title;
}

export function titlesOf(items) {
  return items.length ? items.map(label).join(", ") : "anything";
}

/** Return the titles as part of a sentence. */
export function listed(items) {
  const titles = items.map(label);
  return titles.length > 1 ? `${titles.slice(0, -1).join(", ")} and ${titles.at(-1)}` : titlesOf(items);
}

export function ruleText({ antecedents, consequents }) {
  return `${titlesOf(antecedents)} → ${titlesOf(consequents)}`;
}
