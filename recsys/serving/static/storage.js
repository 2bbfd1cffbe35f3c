// What the page keeps in this browser. It works without storage, but then forgets.

export const remembered = {
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
      // Storage is blocked or full.
    }
  },
};

// Any stable name for the person: it never refers to a user of the data.
export const person = remembered.get("person", null) ?? newId();
remembered.set("person", person);

function newId() {
  // crypto.randomUUID needs HTTPS or localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
