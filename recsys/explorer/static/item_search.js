// Search for an item by its title.

import { combobox } from "./combobox.js";
import { byId, make, say } from "./elements.js";
import { counted, label } from "./numbers.js";

const FOUND = 8;

export function searchItems(explorer, choose) {
  const { nouns } = explorer.summary;
  const input = byId("search");
  combobox({
    input,
    list: byId("found"),
    template: () => make("li", { role: "option", "aria-selected": "false" }),
    failed: (error) => explorer.trouble(error),
    async find(text, signal) {
      if (!text) return null;
      const options = await explorer.source.items(text, FOUND, signal);
      const announce = () => say(`${counted(options.length, nouns.item, nouns.items)} found`);
      return { options, nothing: `No ${nouns.items} found.`, announce };
    },
    show(item, option) {
      option.append(label(item), make("span", { className: "quiet" }, counted(item.n_rules, "rule", "rules")));
    },
    choose(item) {
      input.value = "";
      choose(item);
    },
  });
}
