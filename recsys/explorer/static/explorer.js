// The explorer of rules: one state, in the address; filters that change it; four views of the rules that it finds.

import { filtersOf, queryOf, readAddress, valueOf, writeAddress } from "./address.js";
import { showRule } from "./detail.js";
import { byId, make, say } from "./elements.js";
import { EmbeddedRules } from "./embedded.js";
import { Filters } from "./filters.js";
import { drawGraph } from "./graph.js";
import { MARKUP } from "./markup.js";
import { drawMatrix } from "./matrix.js";
import { named, SMALLER_IS_BETTER } from "./measures.js";
import { count, counted, label, ruleText } from "./numbers.js";
import { drawScatter } from "./scatter.js";
import { RuleService } from "./service.js";
import { drawTable } from "./table.js";

const VIEWS = { table: drawTable, scatter: drawScatter, matrix: drawMatrix, graph: drawGraph };

class Explorer {
  constructor(source) {
    this.source = source;
    this.state = new URLSearchParams();
    this.titles = new Map(); // of items by id
    this.drawn = false; // whether the view shows the state
  }

  async start() {
    this.summary = await this.source.summary();
    const operator = byId("to-operator"); // not in the report
    if (operator) operator.hidden = !this.summary.accepts_feedback;
    if (this.summary.has_rules === false) {
      root.replaceChildren(make("p", {}, "The served model recommends without rules: there are none to explore."));
      return;
    }
    useWords(this.summary);
    this.filters = new Filters(this);
    this.addSorting();
    this.addTabs();
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && byId("rule").open && event.target !== byId("search")) this.close();
    });
    window.addEventListener("popstate", () => {
      const state = readAddress();
      if (state && String(state) !== String(this.state)) this.show(state);
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    await this.show(readAddress() ?? this.state); // read now: it may have changed since the page was loaded
    await this.learnChosen();
  }

  // ---- The state

  /** Change the state, then what is shown. A change of the rules begins at their first page. */
  change(changes, { keepsPage = false, replaces = false } = {}) {
    const state = new URLSearchParams(this.state);
    changes(state);
    if (!keepsPage) state.delete("offset");
    writeAddress(state, replaces);
    return this.show(state);
  }

  async show(state) {
    const shown = [queryOf(this.state), valueOf(this.state, "view")].join();
    this.state = state;
    this.filters.show(state);
    if (!this.drawn || [queryOf(state), valueOf(state, "view")].join() !== shown) await this.draw();
    await this.showOpened();
  }

  async draw() {
    this.drawing?.abort();
    const { signal } = this.drawing = new AbortController();
    const panel = byId("panel");
    const view = this.showTab();
    this.showSorting();
    this.drawn = false;
    panel.setAttribute("aria-busy", "true");
    try {
      if (!VIEWS[view]) throw Object.assign(new Error(`There is no view ${view}.`), { code: "unknown_view" });
      const nFound = await VIEWS[view](this, panel, signal);
      if (signal.aborted) return;
      byId("trouble").hidden = true;
      await this.update(nFound);
      this.showFound(nFound);
      this.drawn = true;
    } catch (error) {
      if (signal.aborted) return;
      panel.replaceChildren();
      this.trouble(error);
    }
    panel.setAttribute("aria-busy", "false");
  }

  // The service may have loaded another model since.
  async update(nFound) {
    const { n_rules: nRules } = this.summary;
    const isAll = ![...filtersOf(this.state)].length;
    if (isAll ? nFound === nRules : nFound <= nRules) return;
    this.summary = await this.source.summary();
    useWords(this.summary);
  }

  trouble(error) {
    if (error.name === "AbortError") return;
    const unreachable = error instanceof TypeError && this.source instanceof RuleService;
    byId("trouble").textContent = unreachable ? "The service does not answer. Is it running? " : error.message;
    if (unreachable) {
      const again = make("button", { type: "button", className: "plain" }, "Try again");
      again.addEventListener("click", () => this.tryAgain());
      byId("trouble").append(again);
    }
    byId("trouble").hidden = false;
    if (!("code" in error) && !unreachable) console.error(error); // a mistake of this program
  }

  async tryAgain() {
    byId("trouble").hidden = true;
    if (!this.summary) return this.start().catch((error) => this.trouble(error));
    await this.draw();
    byId(`tab-${valueOf(this.state, "view")}`)?.focus(); // the button is gone
  }

  showFound(nFound) {
    const { n_rules: nRules } = this.summary;
    byId("n-exported").textContent = nFound === 1 ? "the rule" : `all ${count(nFound)} rules`;
    byId("n-exported").closest("p").hidden = !nFound;
    byId("n-found").textContent = nFound === nRules
      ? counted(nRules, "rule", "rules") : `${count(nFound)} of ${counted(nRules, "rule", "rules")}`;
    const query = queryOf(this.state);
    query.delete("offset");
    byId("exports").replaceChildren(...this.source.formats.flatMap((format, row) => {
      const link = make("a", { download: `rules.${format}`, href: "#" }, format === "graphml" ? "GraphML" : format.toUpperCase());
      link.addEventListener("click", () => { link.href = this.source.exportAddress(format, query); });
      return row ? [", ", link] : [link];
    }));
  }

  // ---- Titles of the items in the address, which has only their ids

  learnTitles(rules) {
    for (const item of rules.flatMap((rule) => [...rule.antecedents, ...rule.consequents])) {
      this.titles.set(String(item.item_id), label(item));
    }
  }

  async learnChosen() {
    const chosen = ["item", "antecedent", "consequent"].flatMap((role) => this.state.getAll(role));
    const unknown = chosen.filter((id) => !this.titles.has(id));
    try {
      for (const id of unknown) this.learnTitles((await this.source.rules(new URLSearchParams({ item: id }), 1)).rules);
    } catch (error) {
      this.trouble(error);
    }
    if (chosen.length) this.filters.show(this.state);
  }

  // ---- The order

  addSorting() {
    const names = [...this.summary.measures.map((measure) => measure.name), "support_count", "length"];
    byId("sort").append(...names.map((name) => new Option(named(name), name)));
    byId("sort").addEventListener("change", () => this.sortBy(byId("sort").value));
    byId("descending").addEventListener("click", () => this.sortBy(valueOf(this.state, "sort")));
  }

  /** Sort by a measure, the best first; if it is sorted by that already, the other way round. */
  sortBy(name) {
    const descending = valueOf(this.state, "descending") === "true";
    const next = name === valueOf(this.state, "sort") ? !descending : !SMALLER_IS_BETTER.has(name);
    this.change((state) => {
      state.set("sort", name);
      state.set("descending", next);
    });
    say(`Sorted by ${named(name)}, ${next ? "descending" : "ascending"}`);
  }

  showSorting() {
    const descending = valueOf(this.state, "descending") === "true";
    byId("sort").value = valueOf(this.state, "sort");
    byId("descending").textContent = descending ? "▼" : "▲";
    const label = descending ? "Descending. Change to ascending" : "Ascending. Change to descending";
    byId("descending").setAttribute("aria-label", label);
  }

  // ---- Tabs, as in the ARIA Authoring Practices

  addTabs() {
    const tabs = Object.keys(VIEWS).map((name) => byId(`tab-${name}`));
    tabs.forEach((tab, row) => {
      tab.addEventListener("click", () => this.change((state) => state.set("view", tab.dataset.view)));
      tab.addEventListener("keydown", ({ key }) => {
        const target = { ArrowRight: row + 1, ArrowLeft: row - 1, Home: 0, End: -1 }[key];
        if (target === undefined) return;
        tabs.at(target % tabs.length).focus();
        tabs.at(target % tabs.length).click();
      });
    });
  }

  showTab() {
    const view = valueOf(this.state, "view");
    for (const name of Object.keys(VIEWS)) {
      byId(`tab-${name}`).setAttribute("aria-selected", String(name === view));
      byId(`tab-${name}`).tabIndex = name === view ? 0 : -1;
    }
    byId("panel").setAttribute("aria-labelledby", `explorer-tab-${view}`);
    return view;
  }

  // ---- One rule

  /** Show a rule beside the view. */
  open(rule) {
    this.opened = rule;
    return this.change((state) => state.set("rule", rule.rule_id), { keepsPage: true });
  }

  openId(id) {
    return this.change((state) => state.set("rule", id), { keepsPage: true });
  }

  async showOpened() {
    const id = this.state.get("rule");
    if (id === null) return this.closeDialog();
    try {
      const rule = String(this.opened?.rule_id) === id ? this.opened : await this.source.rule(id);
      if (this.state.get("rule") !== id) return;
      this.opened = rule;
      showRule(this, rule);
      say(ruleText(rule));
    } catch (error) {
      this.trouble(error);
    }
  }

  close() {
    if (this.state.has("rule")) return this.change((state) => state.delete("rule"), { keepsPage: true });
    return this.closeDialog(); // of a list of rules
  }

  closeDialog() {
    if (byId("rule").open) byId("rule").close(); // the focus returns to where it was
  }
}

function useWords({ nouns, name, dataset }) {
  for (const element of document.querySelectorAll(".explorer [data-words]")) {
    const text = element.dataset.words.replace(/{(\w+)}/g, (_, name) => nouns[name]);
    element.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  }
  const about = byId("about"); // not in the report
  if (about) about.textContent = [dataset, name].filter(Boolean).join(", ");
}

const root = document.getElementById("explorer");
const content = document.getElementById("explorer-rules");
root.classList.add("explorer");
root.innerHTML = MARKUP;
const explorer = new Explorer(content ? new EmbeddedRules(JSON.parse(content.textContent)) : new RuleService("explorer/"));
explorer.start().catch((error) => explorer.trouble(error));
