// Search for an item: a combobox with a list, as in the ARIA Authoring Practices.

import { byId, make, say } from "./elements.js";
import { counted } from "./numbers.js";

const PAUSE = 120; // milliseconds without a keystroke before a search is sent
const FOUND = 8;

export class ItemSearch {
  constructor(explorer, choose) {
    Object.assign(this, { explorer, choose, options: [], shownFor: "", active: -1, searching: new AbortController() });
    this.input = byId("search");
    this.list = byId("found");
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.lookUp(), PAUSE);
    });
    this.input.addEventListener("keydown", (event) => this.press(event));
    this.input.addEventListener("blur", () => this.close());
    for (const name of ["pointerdown", "mousedown"]) { // keep the focus in the search field
      this.list.addEventListener(name, (event) => event.preventDefault());
    }
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(this.options[Number(option.dataset.row)]);
    });
  }

  async press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step || (event.key === "Enter" && this.input.value.trim())) {
      event.preventDefault();
      if (this.isStale()) await this.lookUp(); // Enter before the results have arrived refers to the text typed
      const n = this.options.length;
      if (this.isStale() || !n) return;
      if (!step) this.pick(this.options[Math.max(this.active, 0)]);
      else if (this.active < 0) this.activate(step > 0 ? 0 : n - 1);
      else this.activate((this.active + step + n) % n);
    } else if (event.key === "Escape") {
      if (this.list.hidden) this.input.value = "";
      this.close();
    }
  }

  isStale() {
    return this.list.hidden || this.shownFor !== this.input.value.trim();
  }

  async lookUp() {
    this.stop();
    const { signal } = this.searching = new AbortController();
    const text = this.input.value.trim();
    if (!text) return this.close();
    try {
      const items = await this.explorer.source.items(text, FOUND, signal);
      if (document.activeElement === this.input) this.show(items, text);
    } catch (error) {
      this.explorer.trouble(error);
    }
  }

  show(items, text) {
    const { nouns } = this.explorer.summary;
    this.shownFor = text;
    this.options = items;
    this.list.replaceChildren(...items.map((item, row) => {
      const option = make("li", { role: "option", id: `explorer-option-${row}`, "aria-selected": "false" },
        item.title, make("span", { className: "quiet" }, counted(item.n_rules, "rule", "rules")));
      option.dataset.row = row;
      return option;
    }));
    if (!items.length) this.list.append(make("li", { className: "nothing" }, `No ${nouns.items} found.`));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", String(items.length > 0));
    this.activate(-1);
    say(`${counted(items.length, nouns.item, nouns.items)} found`);
  }

  activate(row) {
    this.active = row;
    for (const option of this.list.querySelectorAll("[role=option]")) {
      option.setAttribute("aria-selected", String(Number(option.dataset.row) === row));
    }
    if (row < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", `explorer-option-${row}`);
    byId(`option-${row}`).scrollIntoView({ block: "nearest" });
  }

  pick(item) {
    this.input.value = "";
    this.close();
    this.choose(item);
  }

  stop() {
    clearTimeout(this.timer);
    this.searching.abort();
  }

  close() {
    this.stop();
    this.list.hidden = true;
    this.options = [];
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
