// What a person has said: picks, and thumbs, which are sent to the service. Both stay in this browser.

import { askWithToken, failed, succeeded } from "./service.js";
import { person, remembered } from "./storage.js";

export let picks = remembered.get("picks", []);
// A thumb has the `verdict` that the person wants, and the one that the service has `stored`, if it has any. One that
// is withdrawn is kept until the service has confirmed it.
export let thumbs = remembered.get("thumbs", []);

let tell = () => {};
let sending = false;
let isTaken = true; // whether the service takes feedback

// Without feedback at the service, thumbs act on the page only.
export function keepHere() {
  isTaken = false;
}

export function whenOpinionsChange(listener) {
  tell = listener;
}

export function current() {
  return thumbs.filter((one) => one.verdict !== "withdrawn");
}

export function verdictOf(itemId) {
  return current().find((one) => one.item_id === itemId)?.verdict ?? null;
}

function keep() {
  remembered.set("picks", picks);
  remembered.set("thumbs", thumbs);
}

// Change picks and thumbs by a function; return a function that undoes it.
function change(by) {
  const before = { picks, thumbs: current().map((one) => ({ ...one })) };
  by();
  keep();
  tell();
  send();
  return () => {
    picks = before.picks;
    for (const one of thumbs) one.verdict = "withdrawn";
    for (const one of before.thumbs) {
      const now = thumbs.find((other) => other.item_id === one.item_id);
      if (now) now.verdict = one.verdict;
      else thumbs.push({ ...one, stored: null, sent: false });
    }
    keep();
    tell();
    send();
  };
}

export function pick(...items) {
  return change(() => {
    picks = [...picks, ...items.filter((item) => !picks.some((one) => one.item_id === item.item_id))];
  });
}

export function pickOnly(items) {
  return change(() => {
    leave(picks.map((one) => one.item_id));
    picks = items;
  });
}

// A pick that is there for a thumb up goes with it.
export function unpick(...itemIds) {
  return change(() => leave(itemIds));
}

function leave(itemIds) {
  picks = picks.filter((one) => !itemIds.includes(one.item_id));
  for (const one of thumbs) if (itemIds.includes(one.item_id)) one.verdict = "withdrawn";
}

// Give a thumb; the same one again withdraws it. Up makes the item a pick.
export function judge({ item_id, title, display_title, year }, verdict, signedList) {
  return change(() => {
    const old = thumbs.find((one) => one.item_id === item_id);
    const next = old?.verdict === verdict ? "withdrawn" : verdict;
    picks = picks.filter((one) => one.item_id !== item_id);
    if (next === "up") picks = [...picks, { item_id, title, display_title, year }];
    // It stays a thumb of the list that it was first given for, where the service replaces it.
    if (old) old.verdict = next;
    else thumbs.push({ item_id, title, display_title, year, verdict: next, signed_list: signedList, stored: null, sent: false });
  });
}

export function withdrawAll() {
  return change(() => {
    const up = current().filter((one) => one.verdict === "up").map((one) => one.item_id);
    picks = picks.filter((one) => !up.includes(one.item_id));
    for (const one of thumbs) one.verdict = "withdrawn";
  });
}

// The model was replaced, and does not know an item.
export function forget(itemId) {
  picks = picks.filter((one) => one.item_id !== itemId);
  thumbs = thumbs.filter((one) => one.item_id !== itemId);
  keep();
  tell();
}

// Send what the service does not have yet, one after the other: an answer that gets lost is asked for again, which is
// safe, since there is only one thumb per item of a list.
export async function send(mayAsk = true) {
  if (sending) return;
  if (!isTaken) {
    thumbs = current();
    keep();
    return;
  }
  sending = true;
  try {
    for (;;) {
      thumbs = thumbs.filter((one) => one.sent || one.verdict !== "withdrawn"); // the service never had these
      const one = thumbs.find((other) => other.verdict !== other.stored);
      keep();
      if (!one || !(await deliver(one, mayAsk))) return;
    }
  } finally {
    sending = false;
  }
}

async function deliver(one, mayAsk) {
  const { verdict } = one;
  one.sent = true;
  try {
    const { signed_list, item_id } = one;
    const answer = await askWithToken("feedback", { signed_list, user_id: person, item_id, verdict }, mayAsk);
    if (answer === null) {
      if (mayAsk) failed(new Error("Your thumbs act on this page only: the service takes them with a token."), send);
      return false;
    }
    one.stored = verdict;
    if (verdict === "withdrawn") thumbs = thumbs.filter((other) => other !== one || one.verdict !== "withdrawn");
    succeeded(send);
  } catch (error) {
    failed(error, send);
    if (error instanceof TypeError || error.status >= 500) return false;
    refuse(one);
  }
  return true;
}

// The service does not take a thumb, such as one for a list that has expired: the page shows what the service has.
function refuse(one) {
  if (one.verdict !== "withdrawn" && one.stored !== null && one.stored !== "withdrawn") {
    one.verdict = one.stored;
  } else {
    if (one.verdict === "up") picks = picks.filter((other) => other.item_id !== one.item_id);
    thumbs = thumbs.filter((other) => other !== one);
  }
  keep();
  tell();
}
