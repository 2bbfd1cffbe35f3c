// The page: search for items, pick some, get recommendations and judge them.

import { combobox } from "./combobox.js";
import * as opinions from "./opinions.js";
import { byId, fromTemplate, hideMissingPages, isolated, label, number, say } from "./page.js";
import { ask, failed, succeeded } from "./service.js";
import { remembered } from "./storage.js";
import { merged, popularity, sentence, useTitle, useWords, why, words } from "./words.js";

const LENGTH = 10; // recommendations at first, and more at a time
const FOUND = 8; // maximum number of search results
const MAX_SHOWN = 100; // categories in the list; typing finds the others
const PAUSE = 150; // milliseconds between steps of the slider before a list is requested
const STEP = 0.25; // of popularity_penalty, for one step of the slider; see docs/concepts/popularity.md
const TASTES = {
  "-2": "much more popular", "-1": "more popular", 0: "as the model ranks them", 1: "more surprising", 2: "much more surprising",
};

const list = byId("list");
const search = byId("search");
const category = byId("category");
const taste = byId("taste");

let limits = { max_items: 1000, max_k: 100 }; // see GET /model
let categories = [];
let chosen = ""; // category that the list is from
let wanted = LENGTH; // places of the list
let shown = null; // what was asked for the list, and its version
let latest = 0; // number of the latest request for recommendations
let focus = null; // thumb to focus when the list has changed

// ---- Search and picks

const searching = combobox({
  input: search,
  list: byId("found"),
  template: () => fromTemplate("option"),
  failed: (error) => failed(error, searching.open),
  async find(text, signal) {
    if (!text) return null;
    const { picks } = opinions;
    const query = new URLSearchParams({ search: text, limit: Math.min(FOUND + picks.length, 50) });
    const { items } = await ask(`items?${query}`, undefined, { signal });
    const options = items.filter((item) => !picks.some((one) => one.item_id === item.item_id)).slice(0, FOUND);
    const nothing = items.length ? `You have already picked all matching ${words.items}.` : `No ${words.items} found.`;
    return { options, nothing, announce: () => say(`${number(options.length)} ${options.length === 1 ? words.item : words.items} found`) };
  },
  show(item, option) {
    option.querySelector(".title").textContent = label(item);
    option.querySelector(".about").textContent = [item.categories.join(", "), popularity(item.n_likes)].filter(Boolean).join(" · ");
  },
  choose({ item_id, title, display_title, year }) {
    search.value = "";
    opinions.pick({ item_id, title, display_title, year });
    say(`Picked ${label({ title, display_title, year })}`);
  },
});

function showPicks() {
  const { picks } = opinions;
  byId("picks").replaceChildren(...picks.map((one, row) => {
    const item = fromTemplate("pick");
    item.querySelector(".title").textContent = label(one);
    item.title = one.title;
    const remove = item.querySelector("button");
    remove.setAttribute("aria-label", `Remove ${label(one)}`);
    remove.addEventListener("click", () => {
      done(`Removed ${label(one)}.`, opinions.unpick(one.item_id));
      // The button is removed: move the focus to its neighbour.
      const left = byId("picks").querySelectorAll("button");
      (left[Math.min(row, left.length - 1)] ?? search).focus();
    });
    return item;
  }));
  byId("no-picks").hidden = picks.length > 0;
  byId("clear").hidden = picks.length < 2;
}

byId("clear").addEventListener("click", () => {
  done("Removed all.", opinions.unpick(...opinions.picks.map((one) => one.item_id)));
  search.focus();
});

// ---- Thumbs

function showThumbs() {
  const thumbs = opinions.current();
  byId("judged").hidden = !thumbs.length;
  byId("n-judged").textContent = thumbs.length === 1 ? "Your thumb" : `Your ${number(thumbs.length)} thumbs`;
  byId("withdraw-all").hidden = thumbs.length < 2;
  byId("thumbs").replaceChildren(...thumbs.map((one) => {
    const line = fromTemplate("judged-item");
    line.querySelector(".title").textContent = label(one);
    offerThumbs(line, one, one.verdict, (verdict) => {
      judge(one, verdict);
      (byId("thumbs").querySelector(`[data-item="${CSS.escape(one.item_id)}"] [data-verdict="${verdict}"]`) ?? byId("judged").querySelector("summary")).focus();
    });
    line.dataset.item = one.item_id;
    return line;
  }));
}

function offerThumbs(element, item, verdict, judged) {
  const thumbs = fromTemplate("thumb-buttons");
  thumbs.setAttribute("aria-label", `Your opinion of ${label(item)}`);
  for (const button of thumbs.querySelectorAll("button")) {
    const own = button.dataset.verdict;
    button.setAttribute("aria-label", `Thumb ${own} for ${label(item)}`);
    button.setAttribute("aria-pressed", String(own === verdict));
    button.addEventListener("click", () => judged(own));
  }
  element.append(thumbs);
}

function judge(item, verdict, signedList) {
  const undo = opinions.judge(item, verdict, signedList);
  const now = opinions.verdictOf(item.item_id);
  const what = { up: "is among your picks now", down: "is left out" }[now];
  done(what ? `Thumb ${now}: ${label(item)} ${what}.` : `Withdrew your thumb for ${label(item)}.`, undo);
}

byId("withdraw-all").addEventListener("click", () => {
  done("Withdrew all your thumbs.", opinions.withdrawAll());
  byId("recommended").focus({ preventScroll: true });
});

// ---- What was done last, and its undo

let undoLast = null;

function done(text, undo) {
  undoLast = undo;
  byId("done-text").textContent = text;
  byId("done").hidden = false;
}

byId("undo").addEventListener("click", () => {
  undoLast?.();
  closeDone();
  say("Undone");
});
byId("close-done").addEventListener("click", closeDone);

function closeDone() {
  undoLast = null;
  byId("done").hidden = true;
  byId("recommended").focus({ preventScroll: true }); // not a text field, which opens the keyboard of a phone
}

// ---- Recommendations

function request() {
  const down = opinions.current().filter((one) => one.verdict === "down").map((one) => one.item_id);
  return {
    items: opinions.picks.map((one) => one.item_id),
    seen: down.slice(-limits.max_items),
    exclude_seen: true,
    explain: true,
    popularity_penalty: STEP * Number(taste.value),
    ...(chosen && { categories: [chosen] }),
  };
}

// Replace the list by one of what the person has said by now.
async function recommend() {
  const number = ++latest;
  const asked = request();
  list.setAttribute("aria-busy", "true");
  try {
    const answer = await ask("recommend", { ...asked, k: wanted });
    if (number !== latest) return; // a newer request is under way
    succeeded(recommend);
    shown = { asked, version: answer.model_version };
    list.replaceChildren();
    add(answer, wanted);
    search.placeholder = answer.recommendations.length ? `such as ${isolated(answer.recommendations[0].display_title)}` : "";
    // Places that are filled by popularity alone do not depend on the slider.
    byId("tasting").hidden = answer.recommendations.every((one) => ["fallback", "policy"].includes(one.source));
    if (!answer.recommendations.length) {
      const nothing = document.createElement("li");
      nothing.className = "quiet";
      nothing.textContent = `No ${words.items} are left to recommend.`;
      list.append(nothing);
    }
    returnFocus();
  } catch (error) {
    if (number !== latest) return;
    if (replaced(error, asked)) return;
    failed(error, recommend);
  }
  list.setAttribute("aria-busy", "false");
}

// Append the next places of the list.
async function more() {
  const number = latest;
  const offset = list.children.length;
  const length = Math.min(LENGTH, limits.max_k - offset);
  byId("more").disabled = true;
  try {
    const answer = await ask("recommend", { ...shown.asked, k: length, offset });
    if (number !== latest) return; // the list was replaced
    wanted = offset + length;
    if (answer.model_version !== shown.version) return void recommend();
    add(answer, length);
    list.children[offset]?.querySelector("h3").focus();
    say(`${answer.recommendations.length} more`);
  } catch (error) {
    if (number === latest) failed(error, more);
  } finally {
    byId("more").disabled = false;
  }
}

byId("more").addEventListener("click", more);

function add(answer, length) {
  list.append(...answer.recommendations.map((one) => card(one, answer.signed_list)));
  byId("more").hidden = answer.recommendations.length < length || list.children.length >= limits.max_k;
}

// Whether the model was replaced by one that lacks something of the request, which is left out from now on.
function replaced(error, asked) {
  if (error.code === "unknown_category") {
    chooseCategory("");
    return true;
  }
  const where = /^(items|seen)\[(\d+)\]$/.exec(error.details?.[0]?.where ?? "");
  if (error.code !== "unknown_item" || !where) return false;
  opinions.forget(asked[where[1]][Number(where[2])]);
  return true;
}

function card(one, signedList) {
  const item = fromTemplate("recommendation");
  const reasons = merged(one.reasons);
  item.querySelector(".title").textContent = isolated(one.display_title);
  item.querySelector("h3").title = one.title;
  item.querySelector(".source").textContent = { fallback: "popular", policy: "pinned" }[one.source] ?? "";
  item.querySelector(".about").textContent = [one.year, one.categories.join(", ")].filter(Boolean).join(" · ");
  item.querySelector(".reason").textContent = sentence(reasons, one);
  const lines = reasons.map((reason, row) => {
    const [text, numbers] = why(reason, one);
    return [text || (row > 0 ? sentence([reason], one) : ""), numbers];
  });
  const details = item.querySelector("details");
  details.hidden = !lines.flat().some(Boolean);
  details.querySelector(".unseen").textContent = ` ${one.display_title}`;
  details.querySelector("ul").replaceChildren(...lines.map(([text, numbers]) => {
    const line = fromTemplate("why");
    line.querySelector(".told").textContent = text;
    line.querySelector(".numbers").textContent = numbers;
    return line;
  }));
  offerThumbs(item.querySelector("article"), one, null, (verdict) => {
    focus = { row: [...list.children].indexOf(item), verdict };
    item.remove(); // at once; the answer fills its place
    judge(one, verdict, signedList);
  });
  return item;
}

function returnFocus() {
  if (focus === null) return;
  const card = list.children[Math.min(focus.row, list.children.length - 1)];
  card?.querySelector(`[data-verdict="${focus.verdict}"]`)?.focus({ preventScroll: true });
  focus = null;
}

// ---- Category and taste

const choosing = combobox({
  input: category,
  list: byId("found-categories"),
  template: () => fromTemplate("option"),
  failed: (error) => failed(error, choosing.open),
  find(text) {
    const parts = plain(text === chosen ? "" : text).split(/\s+/);
    const found = categories.filter((name) => parts.every((part) => plain(name).includes(part)));
    const options = (text && text !== chosen ? found : ["", ...found]).slice(0, MAX_SHOWN);
    return { options, nothing: `No ${words.categories} found.`, announce: () => say(`${number(found.length)} found`) };
  },
  show(name, option) {
    option.querySelector(".title").textContent = name || `All ${words.categories}`;
  },
  choose: chooseCategory,
});

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

function chooseCategory(name) {
  chosen = name;
  category.value = name;
  byId("all-categories").hidden = !name;
  wanted = LENGTH;
  recommend();
}

category.addEventListener("click", choosing.open);
category.addEventListener("blur", () => {
  if (!category.value.trim() && chosen) chooseCategory("");
  category.value = chosen; // what was typed and not chosen has no effect
});
byId("all-categories").addEventListener("click", () => {
  chooseCategory("");
  category.focus();
});

let tasted = 0;

function showTaste() {
  byId("taste-said").textContent = TASTES[taste.value];
  taste.setAttribute("aria-valuetext", TASTES[taste.value]);
}

taste.value = String(remembered.get("taste", 0));
showTaste();
taste.addEventListener("input", () => {
  showTaste();
  remembered.set("taste", Number(taste.value));
  clearTimeout(tasted);
  tasted = setTimeout(recommend, PAUSE);
});

// ---- Start

opinions.whenOpinionsChange(() => {
  showPicks();
  showThumbs();
  recommend();
});

async function start() {
  try {
    const model = await ask("model");
    succeeded(start);
    limits = model.limits;
    categories = model.categories;
    useWords(model.nouns);
    useTitle();
    hideMissingPages(model);
    if (!model.accepts_feedback) opinions.keepHere();
    byId("choosing").hidden = categories.length < 2;
    const name = model.metadata.recommender ?? "Model";
    byId("model").textContent =
      `${name}, version ${model.version}: ${number(model.n_items)} ${words.items}, fitted on what ${number(model.n_users)} people ${words.verb}.`;
    await pickFromAddress();
  } catch (error) {
    failed(error, start);
  }
  showPicks();
  showThumbs();
  recommend();
  opinions.send(false);
}

// "?items=1&items=50" of a link: these become the picks, and leave the address, so that a reload keeps later ones.
async function pickFromAddress() {
  const ids = [...new Set(new URLSearchParams(location.search).getAll("items"))].slice(0, limits.max_items);
  if (!ids.length) return;
  const found = await Promise.all(ids.map(async (id) => {
    try {
      return (await ask(`items/${encodeURIComponent(id)}/similar?k=1`)).item;
    } catch (error) {
      if (error.code === "unknown_item") return null;
      throw error;
    }
  }));
  history.replaceState(null, "", location.pathname);
  const known = found.filter(Boolean);
  const unknown = ids.filter((_, row) => !found[row]);
  const left = unknown.length ? ` Not known here: ${unknown.join(", ")}.` : "";
  if (known.length) done(`Picked ${known.map(label).join(", ")} from the address.${left}`, opinions.pickOnly(known));
  else failed(new Error(`The address names ${words.items} that this model does not know: ${unknown.join(", ")}.`), pickFromAddress);
}

start();
