// The page: search for items, pick some, get recommendations and rate them. Words for them are those of the data.
// Everything from the service is inserted as text (textContent), never as HTML.

const LENGTH = 10; // number of recommendations
const FOUND = 8; // maximum number of search results
const PAUSE = 120; // milliseconds without a keystroke before a search is sent
const TRIES = 3; // attempts to send feedback
const MAX_CATEGORIES = 300; // to choose from; nobody reads a longer list

const byId = (id) => document.getElementById(id);
const search = byId("search");
const found = byId("found");
const list = byId("list");
const category = byId("category");

// Stored state: picks, rated items and the person's id in this browser, the token until the tab is closed.
const remembered = {
  get(key, otherwise, storage = "localStorage") {
    try {
      return JSON.parse(window[storage].getItem(`recsys.${key}`)) ?? otherwise;
    } catch {
      return otherwise; // storage is blocked or holds invalid content
    }
  },
  set(key, value, storage = "localStorage") {
    try {
      window[storage].setItem(`recsys.${key}`, JSON.stringify(value));
    } catch {
      // The page works without storage, but keeps nothing.
    }
  },
};

let picks = remembered.get("picks", []);
let rated = remembered.get("rated", []); // ids with a thumb: they are not recommended again
let maxRated = 1000; // limit of the service, see GET /model
let options = []; // search results shown
let shownFor = ""; // search text of these results
let active = -1; // row of the option that Enter picks
let latest = 0; // number of the latest request for recommendations
let words = { item: "item", items: "items", verb: "liked" }; // of the data, see GET /model
const person = remembered.get("person", null) ?? newId();
remembered.set("person", person);

function newId() {
  // crypto.randomUUID needs HTTPS or localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function say(text) {
  byId("status").textContent = text;
}

function fromTemplate(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

async function ask(path, content, settings = {}) {
  const request = content === undefined ? settings : {
    ...settings,
    method: "POST",
    headers: { "content-type": "application/json", ...settings.headers },
    body: JSON.stringify(content),
  };
  const response = await fetch(path, request);
  const answer = await response.json().catch((error) => {
    // An answer without JSON comes from something in between, such as a proxy: treat it as a network error.
    throw error instanceof SyntaxError ? Object.assign(new TypeError(error.message), { status: response.status }) : error;
  });
  if (!response.ok) {
    throw Object.assign(new Error(answer.error.message), { status: response.status, ...answer.error });
  }
  return answer;
}

// ---- Search: a combobox with a list, as in the ARIA Authoring Practices

let timer = 0;
let searching = new AbortController();

search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(lookUp, PAUSE);
});

search.addEventListener("keydown", async (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step || (event.key === "Enter" && search.value.trim())) {
    event.preventDefault();
    if (isStale()) await lookUp(); // Enter before the results have arrived refers to the text typed
    if (isStale() || !options.length) return;
    if (!step) pick(options[Math.max(active, 0)]);
    else if (active < 0) activate(step > 0 ? 0 : options.length - 1);
    else activate((active + step + options.length) % options.length);
  } else if (event.key === "Escape") {
    if (found.hidden) search.value = "";
    close();
  }
});

function isStale() {
  return found.hidden || shownFor !== search.value.trim();
}

search.addEventListener("blur", close);
found.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus in the search field
found.addEventListener("mousedown", (event) => event.preventDefault());
found.addEventListener("click", (event) => {
  const chosen = event.target.closest("[role=option]");
  if (chosen) pick(options[Number(chosen.dataset.row)]);
});

async function lookUp() {
  clearTimeout(timer);
  searching.abort();
  searching = new AbortController();
  const text = search.value.trim();
  if (!text) return close();
  try {
    const query = new URLSearchParams({ search: text, limit: Math.min(FOUND + picks.length, 50) });
    const answer = await ask(`items?${query}`, undefined, { signal: searching.signal });
    if (document.activeElement === search) show(answer.items, text);
  } catch (error) {
    if (error.name !== "AbortError") trouble(error);
  }
}

function show(items, text) {
  shownFor = text;
  options = items.filter((item) => !picks.some((one) => one.item_id === item.item_id)).slice(0, FOUND);
  found.replaceChildren(...options.map((item, row) => {
    const option = fromTemplate("option");
    option.id = `option-${row}`;
    option.dataset.row = row;
    option.querySelector(".title").textContent = item.title;
    option.querySelector(".about").textContent = about(item);
    return option;
  }));
  if (!options.length) {
    const nothing = document.createElement("li");
    nothing.className = "nothing";
    nothing.textContent = items.length ? `You have already picked all matching ${words.items}.` : `No ${words.items} found.`;
    found.append(nothing);
  }
  found.hidden = false;
  search.setAttribute("aria-expanded", String(options.length > 0));
  activate(-1);
  say(options.length === 1 ? `1 ${words.item} found` : `${options.length} ${words.items} found`);
}

function about(item) {
  return [item.categories.join(", "), popularity(item.n_likes)].filter(Boolean).join(" · ");
}

function popularity(n) {
  return `${n === 1 ? "1 person" : `${number(n)} people`} ${words.verb} it`;
}

function activate(row) {
  active = row;
  for (const option of found.querySelectorAll("[role=option]")) {
    option.setAttribute("aria-selected", String(Number(option.dataset.row) === row));
  }
  if (row >= 0) {
    search.setAttribute("aria-activedescendant", `option-${row}`);
    byId(`option-${row}`).scrollIntoView({ block: "nearest" });
  } else {
    search.removeAttribute("aria-activedescendant");
  }
}

function close() {
  clearTimeout(timer);
  searching.abort();
  found.hidden = true;
  options = [];
  active = -1;
  search.setAttribute("aria-expanded", "false");
  search.removeAttribute("aria-activedescendant");
}

// ---- Picks

function pick({ item_id, title }) {
  search.value = "";
  close();
  changePicks([...picks, { item_id, title }]);
  say(`Picked ${title}`);
}

function changePicks(next) {
  picks = next;
  remembered.set("picks", picks);
  byId("picks").replaceChildren(...picks.map(({ item_id, title }, row) => {
    const item = fromTemplate("pick");
    item.querySelector(".title").textContent = title;
    item.title = title;
    const remove = item.querySelector("button");
    remove.setAttribute("aria-label", `Remove ${title}`);
    remove.addEventListener("click", () => {
      changePicks(picks.filter((one) => one.item_id !== item_id));
      say(`Removed ${title}`);
      // The button is removed: move the focus to its neighbour.
      const left = byId("picks").querySelectorAll("button");
      (left[Math.min(row, left.length - 1)] ?? search).focus();
    });
    return item;
  }));
  byId("no-picks").hidden = picks.length > 0;
  byId("clear").hidden = picks.length < 2;
  recommend();
}

byId("clear").addEventListener("click", () => {
  changePicks([]);
  search.focus();
});

// ---- Recommendations

async function recommend() {
  const asked = ++latest;
  const picked = picks.map((one) => one.item_id);
  const seen = rated.slice(-maxRated);
  list.setAttribute("aria-busy", "true");
  try {
    const request = { items: picked, seen, exclude_seen: true, k: LENGTH, explain: true };
    if (category.value) request.categories = [category.value];
    const answer = await ask("recommend", request);
    if (asked !== latest) return; // a newer request is under way
    byId("trouble").hidden = true;
    if (!picked.length) search.placeholder = answer.recommendations[0]?.title ?? "";
    list.replaceChildren(...answer.recommendations.map((one) => card(one, answer.signed_list)));
    if (!answer.recommendations.length) {
      const nothing = document.createElement("li");
      nothing.className = "quiet";
      nothing.textContent = `No ${words.items} are left to recommend.`;
      list.append(nothing);
    }
  } catch (error) {
    if (asked !== latest) return;
    const where = /^(items|seen)\[(\d+)\]$/.exec(error.details?.[0]?.where ?? "");
    if (error.code === "unknown_category") {
      category.value = ""; // the model was replaced
      recommend();
      return;
    }
    if (error.code === "unknown_item" && where) {
      // The model was replaced and its catalog does not contain this item.
      const unknown = (where[1] === "seen" ? seen : picked)[Number(where[2])];
      keepRated(rated.filter((item) => item !== unknown));
      changePicks(picks.filter((one) => one.item_id !== unknown));
      return;
    }
    trouble(error);
  }
  list.setAttribute("aria-busy", "false");
}

category.addEventListener("change", recommend);

function offerCategories(names) {
  category.append(...names.map((name) => new Option(name, name)));
  byId("choosing").hidden = names.length < 2 || names.length > MAX_CATEGORIES;
}

function trouble(error) {
  const unreachable = error instanceof TypeError;
  byId("trouble").textContent = unreachable ? "The service does not answer. Is it running?" : error.message;
  byId("trouble").hidden = false;
}

function card(one, signedList) {
  const item = fromTemplate("recommendation");
  const [first, ...more] = one.reasons;
  item.querySelector(".title").textContent = one.title;
  item.querySelector(".source").textContent = { fallback: "popular", policy: "pinned" }[one.source] ?? one.source;
  item.querySelector(".reason").textContent = first ? sentence(first, one) : "";
  item.querySelector(".numbers").textContent = first ? numbers(first, one) : "";
  if (more.length) {
    const details = item.querySelector("details");
    details.hidden = false;
    details.querySelector("summary").textContent = more.length === 1 ? "1 more reason" : `${more.length} more reasons`;
    details.querySelector("ul").replaceChildren(...more.map((reason) => {
      const line = document.createElement("li");
      line.textContent = `${sentence(reason, one)} ${numbers(reason, one)}`;
      return line;
    }));
  }
  const thumbs = item.querySelector(".thumbs");
  thumbs.setAttribute("aria-label", `Your opinion of ${one.title}`);
  for (const button of thumbs.querySelectorAll("button")) {
    const verdict = button.dataset.verdict;
    button.setAttribute("aria-label", `Thumb ${verdict} for ${one.title}`);
    button.addEventListener("click", () => judge(thumbs, button, {
      signed_list: signedList,
      user_id: person,
      item_id: one.item_id,
      verdict,
    }));
  }
  return item;
}

// The reason for an item that was bought before may be the item itself.
function isRepeat({ antecedents }, { item_id }) {
  return antecedents.length === 1 && antecedents[0].item_id === item_id;
}

function sentence(reason, item) {
  const { antecedents, support_count, confidence, lift, times, text, category } = reason;
  if (text) return text; // of a policy
  const { verb } = words;
  const often = times > 1 ? (times === 2 ? " twice" : ` ${number(times)} times`) : "";
  if (isRepeat(reason, item)) {
    const again = confidence === null ? "" : `: ${percent(confidence)} of the people who ${verb} it ${verb} it again`;
    return `You ${verb} this${often}${again}.`;
  }
  if (!antecedents.length) {
    return support_count === null ? "Popular." : `${popularity(support_count)}.`;
  }
  const titles = antecedents.map((one) => one.title);
  const all = titles.length > 1 ? `${titles.slice(0, -1).join(", ")} and ${titles.at(-1)}` : titles[0];
  if (confidence === null) return `Because you ${verb} ${all}${often}.`;
  const them = titles.length > 1 ? "them" : "it";
  const what = category ? category.title : "this";
  const share = `Because you ${verb} ${all}${often}: ${percent(confidence)} of the people who ${verb} ${them} also ${verb} ${what}`;
  return lift === null ? `${share}.` : `${share}, ${lift.toFixed(1)} times as likely as on average.`;
}

function numbers(reason, item) {
  const { antecedents, support_count, confidence, lift, share } = reason;
  if (reason.text) return "";
  const both = isRepeat(reason, item) ? "it again" : antecedents.length > 1 ? "all" : "both";
  if (!antecedents.length) return share < 1 ? `${percent(share)} of the score` : "";
  return [
    support_count === null ? "" : `${number(support_count)} ${words.verb} ${both}`,
    confidence === null ? "" : `confidence ${confidence.toFixed(2)}`,
    lift === null ? "" : `lift ${lift.toFixed(2)}`,
    `${percent(share)} of the score`,
  ].filter(Boolean).join(" · ");
}

function number(value) {
  return value.toLocaleString("en");
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

// ---- Feedback

function keepRated(next) {
  rated = next;
  remembered.set("rated", rated);
  byId("rated").hidden = !rated.length;
  byId("n-rated").textContent = rated.length === 1 ? `1 rated ${words.item} is` : `${number(rated.length)} rated ${words.items} are`;
}

byId("show-rated").addEventListener("click", () => {
  keepRated([]);
  recommend();
  search.focus();
});

async function judge(thumbs, button, feedback) {
  if (button.getAttribute("aria-pressed") === "true" || thumbs.dataset.sending) return;
  thumbs.dataset.sending = "yes";
  button.setAttribute("aria-busy", "true");
  try {
    await send(feedback);
    for (const one of thumbs.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    byId("trouble").hidden = true;
    keepRated([...rated.filter((item) => item !== feedback.item_id), feedback.item_id]);
    say(feedback.verdict === "up" ? "Thumb up saved" : "Thumb down saved");
  } catch (error) {
    // The list has expired, or its signing secret has changed: a new list accepts feedback again.
    if (error.code === "list_expired" || error.code === "unknown_list") await recommend();
    if (error.status !== 401) trouble(error);
  }
  button.removeAttribute("aria-busy");
  delete thumbs.dataset.sending;
}

async function send(feedback) {
  // The answer may get lost. Repeating the request is safe: there is only one thumb per item of a list.
  for (let attempt = 1; ; attempt++) {
    const token = remembered.get("token", null, "sessionStorage");
    try {
      return await ask("feedback", feedback, { headers: token ? { authorization: `Bearer ${token}` } : {} });
    } catch (error) {
      if (error.status === 401) {
        if (!(await askForToken())) throw error;
      } else if (attempt >= TRIES || (error.status && error.status < 500)) {
        throw error;
      } else {
        await new Promise((done) => setTimeout(done, 300 * attempt));
      }
    }
  }
}

function askForToken() {
  const dialog = byId("token-dialog");
  byId("token").value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const token = byId("token").value.trim();
      const given = dialog.returnValue === "sent" && token !== "";
      if (given) remembered.set("token", token, "sessionStorage");
      done(given);
    }, { once: true });
  });
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("token-dialog").close("sent");
});
byId("token-cancel").addEventListener("click", () => byId("token-dialog").close(""));

// ---- Start

function useWords() {
  for (const element of document.querySelectorAll("[data-words]")) {
    const text = element.dataset.words.replace(/{(\w+)}/g, (_, name) => words[name]);
    element.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  }
  document.title = `recsys: recommended ${words.items}`;
}

ask("model").then((model) => {
  maxRated = model.limits.max_items;
  words = model.nouns;
  useWords();
  offerCategories(model.categories);
  const name = model.metadata.recommender ?? "Model";
  byId("model").textContent =
    `${name}, version ${model.version}: ${number(model.n_items)} ${words.items}, fitted on what ${number(model.n_users)} people ${words.verb}.`;
}).catch(trouble).finally(() => {
  keepRated(rated);
  changePicks(picks);
});
