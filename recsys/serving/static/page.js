// What the pages of the service share: templates, numbers and the line of status.
// Everything from the service is inserted as text (textContent), never as HTML.

const TURNS = /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/; // Hebrew, Arabic, marks

export const byId = (id) => document.getElementById(id);

export function fromTemplate(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

export function say(text) {
  byId("status").textContent = text;
}

export function number(value) {
  return value.toLocaleString("en");
}

export function percent(share) {
  return `${Math.round(100 * share)}%`;
}

// "The Matrix (1999)"
export function label({ title, display_title, year }) {
  const said = display_title ?? title;
  return isolated(year ? `${said} (${year})` : said);
}

// A title from right to left, or with marks of direction, would turn the sentence around it.
export function isolated(title) {
  return TURNS.test(title) ? `\u2068${title}\u2069` : title;
}

// A service may keep its rules to itself (explorer=false), and `recsys explore` has nothing to operate.
export function hideMissingPages({ has_explorer, accepts_feedback }) {
  byId("to-rules").hidden = !has_explorer;
  byId("to-operator").hidden = !accepts_feedback;
}
