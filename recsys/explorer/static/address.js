// The state of the explorer is a query in the address, after the #: it can be shared, and the back button works.
// Its names are those of the parameters of GET /explorer/rules, and `view` and `rule`, what is shown.

const DEFAULTS = { view: "table", sort: "lift", descending: "true", offset: "0" };
const NOT_FILTERS = [...Object.keys(DEFAULTS), "rule"];

/** Return the state, or null if the address has none but points to a place of the page. */
export function readAddress() {
  const text = window.location.hash.slice(1);
  return text && !text.includes("=") ? null : new URLSearchParams(text);
}

/** Write the state, as a step to go back from unless it replaces the present one. */
export function writeAddress(state, replaces) {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (state.get(name) === value) state.delete(name);
  }
  const address = `#${state}`;
  if (address === (window.location.hash || "#")) return;
  window.history[replaces ? "replaceState" : "pushState"](null, "", address);
}

export function valueOf(state, name) {
  return state.get(name) ?? DEFAULTS[name] ?? "";
}

/** Return only the conditions on rules. */
export function filtersOf(state) {
  return without(state, NOT_FILTERS);
}

/** Return the state without what only says what is shown beside the rules. */
export function queryOf(state) {
  return without(state, ["view", "rule"]);
}

function without(state, names) {
  return new URLSearchParams([...state].filter(([name]) => !names.includes(name)));
}
