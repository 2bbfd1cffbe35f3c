// Requests to the service, and what is done while it does not answer.

import { byId } from "./page.js";
import { remembered } from "./storage.js";

const DELAYS = [0.5, 1, 2, 4, 8, 15, 30]; // seconds until the next attempt

const waiting = new Set(); // functions to call when the service answers again
let attempts = 0;
let timer = 0;
let source = null; // what the trouble shown comes from

export async function ask(path, content, settings = {}) {
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
  answers();
  return answer;
}

function isTemporary(error) {
  return error instanceof TypeError || error.status >= 500;
}

// Tell of an error. If it may pass by itself, `work` is called again until it does not fail in this way.
export function failed(error, work) {
  const box = byId("trouble");
  const unreachable = error instanceof TypeError;
  box.textContent = unreachable ? "The service does not answer. Is it running? This page tries again by itself." : error.message;
  box.hidden = false;
  box.dataset.passes = isTemporary(error);
  source = work;
  if (isTemporary(error)) {
    waiting.add(work);
    clearTimeout(timer);
    timer = setTimeout(tryAgain, 1000 * DELAYS[Math.min(attempts, DELAYS.length - 1)]);
    attempts++;
  }
}

// What failed before has succeeded.
export function succeeded(work) {
  if (source === work) byId("trouble").hidden = true;
}

function answers() {
  attempts = 0;
  if (byId("trouble").dataset.passes === "true") {
    byId("trouble").dataset.passes = false;
    byId("trouble").hidden = true;
    tryAgain();
  }
}

function tryAgain() {
  clearTimeout(timer);
  if (document.hidden) return; // nobody looks: wait until somebody does
  const now = [...waiting];
  waiting.clear();
  for (const work of now) work();
}

document.addEventListener("visibilitychange", tryAgain);

// ---- The token, which is kept until the tab is closed

// Ask with the token. Without one, or with a wrong one, the person is asked for it if they may be; null if there is none.
export async function askWithToken(path, content, mayAsk = true) {
  for (;;) {
    const token = remembered.get("token", null, "sessionStorage");
    try {
      return await ask(path, content, { headers: token ? { authorization: `Bearer ${token}` } : {} });
    } catch (error) {
      if (error.status !== 401) throw error;
      if (!mayAsk || !(await askForToken(token !== null))) return null;
    }
  }
}

function askForToken(isWrong) {
  const dialog = byId("token-dialog");
  const field = byId("token");
  field.value = "";
  field.toggleAttribute("aria-invalid", isWrong);
  byId("token-wrong").hidden = !isWrong;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const token = field.value.trim();
      const given = dialog.returnValue === "sent" && token !== "";
      if (given) remembered.set("token", token, "sessionStorage");
      field.value = "";
      done(given);
    }, { once: true });
  });
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("token-dialog").close("sent");
});
byId("token-cancel").addEventListener("click", () => byId("token-dialog").close(""));
