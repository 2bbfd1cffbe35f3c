// HTML elements. Everything from the service is inserted as text, never as HTML.

export function byId(id) {
  return document.getElementById(`explorer-${id}`);
}

/** Return a new element: properties and attributes by name, then its content, text or elements. */
export function make(tag, given = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...content);
  return element;
}

/** Return the arrow of a rule. */
export function arrow() {
  return make("span", { className: "arrow", role: "img", "aria-label": "implies" }, "→");
}

/** Return what is shown in place of no rules. */
export function nothing({ summary }) {
  return make("p", { className: "nothing" }, summary.n_rules ? "No rule meets all filters." : "There are no rules.");
}

/** Tell a screen reader. */
export function say(text) {
  byId("status").textContent = text;
}
