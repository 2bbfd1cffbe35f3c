// Sentences in the words of the data, see `nouns` of GET /model.

import { byId, isolated, number, percent } from "./page.js";

const MAX_NAMED = 3; // likes in a sentence

export let words = { item: "item", items: "items", category: "category", categories: "categories", verb: "liked" };

export function useWords(nouns) {
  words = nouns;
  for (const element of document.querySelectorAll("[data-words]")) {
    const text = element.dataset.words.replace(/{(\w+)}/g, (_, name) => words[name]);
    const capital = text.charAt(0).toUpperCase() + text.slice(1);
    if (element.placeholder === undefined) element.textContent = capital;
    else element.placeholder = capital;
  }
}

export function popularity(n) {
  return `${n === 1 ? "1 person" : `${number(n)} people`} ${words.verb} it`;
}

// The reason for an item that was bought before may be the item itself.
function isRepeat({ antecedents }, { item_id }) {
  return antecedents.length === 1 && antecedents[0].item_id === item_id;
}

function namesOf(antecedents) {
  const titles = antecedents.map((one) => isolated(one.display_title));
  return titles.length > 1 ? `${titles.slice(0, -1).join(", ")} and ${titles.at(-1)}` : titles[0];
}

function howOften({ times }) {
  return times > 1 ? (times === 2 ? " twice" : ` ${number(times)} times`) : "";
}

// Reasons with equal antecedents, such as those of the rules and of the model of a hybrid, as one.
export function merged(reasons) {
  const byKey = new Map();
  for (const one of reasons) {
    const key = JSON.stringify([one.antecedents.map((item) => item.item_id), one.category?.item_id, one.text]);
    const same = byKey.get(key);
    byKey.set(key, same ? { ...same, share: same.share + one.share } : one);
  }
  return [...byKey.values()].sort((one, other) => other.share - one.share);
}

// The reasons in one sentence.
export function sentence(reasons, item) {
  const [first] = reasons;
  if (!first) return "";
  if (first.text) return first.text; // of a policy
  if (isRepeat(first, item)) return `You ${words.verb} this${howOften(first)}.`;
  if (!first.antecedents.length) return first.support_count === null ? "Popular." : `${popularity(first.support_count)}.`;
  if (first.category || first.times > 1) {
    const because = `Because you ${words.verb} ${namesOf(first.antecedents)}${howOften(first)}`;
    return first.category ? `${because}, which goes with ${isolated(first.category.display_title)}.` : `${because}.`;
  }
  const alike = reasons.filter((one) => !one.text && !one.category && !isRepeat(one, item));
  const likes = new Map(alike.flatMap((one) => one.antecedents).map((one) => [one.item_id, one]));
  return `Because you ${words.verb} ${namesOf([...likes.values()].slice(0, MAX_NAMED))}.`;
}

// The numbers behind it: a sentence, and the measures as the rules have them; both may be empty.
export function why(reason, item) {
  const { antecedents, support_count, confidence, lift, share, text, category } = reason;
  if (text) return ["", ""];
  if (!antecedents.length) return ["", share < 1 ? `popularity is ${percent(share)} of the score` : ""];
  const { verb } = words;
  const again = isRepeat(reason, item);
  const both = again ? "it again" : antecedents.length > 1 ? "all" : "both";
  const likely = lift === null ? "" : `, ${lift.toFixed(1)} times as likely as on average`;
  const what = again ? "it again" : category ? `also ${verb} ${isolated(category.display_title)}` : `also ${verb} this`;
  const who = again ? `it ${verb} it again` : `${namesOf(antecedents)} ${what}`;
  return [
    confidence === null ? "" : `${percent(confidence)} of the people who ${verb} ${who}${likely}.`,
    [
      support_count === null ? "" : `${number(support_count)} ${verb} ${both}`,
      confidence === null ? "" : `confidence ${confidence.toFixed(2)}`,
      lift === null ? "" : `lift ${lift.toFixed(2)}`,
      `${percent(share)} of the score`,
    ].filter(Boolean).join(" · "),
  ];
}

export function useTitle() {
  document.title = `recsys: recommended ${words.items}`;
  byId("list").setAttribute("aria-label", `Recommended ${words.items}`);
}
