// The filters: items, words, and bounds of measures.

import { filtersOf, valueOf } from "./address.js";
import { byId, make, say } from "./elements.js";
import { searchItems } from "./item_search.js";
import { MAIN, MEANINGS, named } from "./measures.js";
import { label, short } from "./numbers.js";

const PAUSE = 250; // milliseconds without a keystroke before words are searched for
const ROLES = { item: "", antecedent: "before →", consequent: "after →" };

export class Filters {
  constructor(explorer) {
    this.explorer = explorer;
    this.inputs = {};
    this.addRanges(explorer.summary);
    searchItems(explorer, (item) => this.addItem(byId("role").value, item));
    byId("fold").open = window.matchMedia("(min-width: 54rem)").matches;
    byId("fold").closest("form").addEventListener("submit", (event) => event.preventDefault());
    byId("text").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.set("text", byId("text").value.trim()), PAUSE);
    });
    byId("reset").addEventListener("click", () => {
      explorer.change((state) => {
        for (const name of [...filtersOf(state).keys()]) state.delete(name);
      });
      byId("search").focus();
    });
  }

  addRanges({ measures, max_length }) {
    const ranges = measures.map(({ name, minimum, maximum }) => [name, minimum, maximum]);
    const main = [...ranges.filter(([name]) => MAIN.includes(name)), ["length", 2, max_length]];
    const more = ranges.filter(([name]) => !MAIN.includes(name));
    byId("ranges").append(...main.map((range) => this.range(...range)));
    byId("more-ranges").append(...more.map((range) => this.range(...range)));
    byId("more-measures").hidden = !more.length;
  }

  range(name, minimum, maximum) {
    const bound = (prefix, word, value) => {
      const input = make("input", {
        type: "number", step: "any", placeholder: value === null ? "" : short(value), "aria-label": `${named(name)} ${word}`,
      });
      input.addEventListener("change", () => {
        if (input.reportValidity()) this.set(`${prefix}_${name}`, input.value);
      });
      this.inputs[`${prefix}_${name}`] = input;
      return input;
    };
    return make("fieldset", { title: MEANINGS[name] ?? "" },
      make("legend", {}, named(name)), bound("min", "at least", minimum), make("span", { "aria-hidden": "true" }, "to"),
      bound("max", "at most", maximum));
  }

  set(name, value) {
    const typedOn = name === "text" && value !== "" && this.explorer.state.has("text"); // one step back for all letters
    this.explorer.change((state) => {
      state.delete(name);
      if (value !== "") state.set(name, value);
    }, { replaces: typedOn });
  }

  addItem(role, item) {
    this.explorer.titles.set(String(item.item_id), label(item));
    const known = this.explorer.state.getAll(role).includes(String(item.item_id));
    if (!known) this.explorer.change((state) => state.append(role, item.item_id));
    say(`Only rules with ${label(item)}${role === "item" ? "" : role === "antecedent" ? " before the arrow" : " after the arrow"}`);
  }

  /** Show the state's filters. */
  show(state) {
    const filters = filtersOf(state);
    const shown = document.activeElement;
    if (byId("text") !== shown || byId("text").value.trim() !== valueOf(state, "text")) byId("text").value = valueOf(state, "text");
    for (const [name, input] of Object.entries(this.inputs)) input.value = state.get(name) ?? "";
    if (Object.keys(this.inputs).some((name) => state.has(name) && byId("more-ranges").contains(this.inputs[name]))) {
      byId("more-measures").open = true;
    }
    const chosen = Object.keys(ROLES).flatMap((role) => state.getAll(role).map((id) => this.chip(role, id)));
    byId("chosen").replaceChildren(...chosen);
    const n = [...filters].length;
    byId("reset").hidden = !n;
    byId("n-filters").textContent = n ? `${n} set` : "";
  }

  chip(role, id) {
    const title = this.explorer.titles.get(id) ?? id;
    const remove = make("button", { type: "button", className: "remove", "aria-label": `Remove ${title}` }, "×");
    remove.addEventListener("click", () => {
      const row = [...byId("chosen").querySelectorAll("button")].indexOf(remove);
      this.explorer.change((state) => state.delete(role, id));
      const left = byId("chosen").querySelectorAll("button");
      (left[Math.min(row, left.length - 1)] ?? byId("search")).focus(); // the button is gone
    });
    const place = ROLES[role] ? [make("span", { className: "quiet" }, ROLES[role])] : [];
    return make("li", { title }, ...place, make("span", { className: "title" }, title), remove);
  }
}
