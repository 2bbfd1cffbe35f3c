// A text field with a list of what matches it, as in the ARIA Authoring Practices. Also of the recommendation page.

const PAUSE = 120; // milliseconds without a keystroke before a search

// `find(text, signal)` returns { options, nothing, announce } or a promise of it, or null for no list: `nothing` is the
// text without options, and `announce` is called when they are shown. `show(option, element)` fills an element,
// `choose(option)` is called with the chosen one, `failed(error)` with what find threw.
export function combobox({ input, list, template, find, show, choose, failed }) {
  let options = [];
  let shownFor = null; // text of these options
  let active = -1; // row of the option that Enter chooses
  let timer = 0;
  let searching = new AbortController();
  const id = list.id;

  const isStale = () => list.hidden || shownFor !== input.value.trim();

  async function open() {
    clearTimeout(timer);
    searching.abort();
    searching = new AbortController();
    const text = input.value.trim();
    try {
      const found = await find(text, searching.signal);
      if (found === null) close();
      else if (document.activeElement === input) fill(found, text);
    } catch (error) {
      if (error.name !== "AbortError") failed(error);
    }
  }

  function fill(found, text) {
    shownFor = text;
    options = found.options;
    list.replaceChildren(...options.map((option, row) => {
      const element = template();
      element.id = `${id}-${row}`;
      element.dataset.row = row;
      show(option, element);
      return element;
    }));
    if (!options.length) {
      const nothing = document.createElement("li");
      nothing.className = "nothing";
      nothing.textContent = found.nothing;
      list.append(nothing);
    }
    list.hidden = false;
    list.scrollTop = 0;
    input.setAttribute("aria-expanded", String(options.length > 0));
    activate(-1);
    found.announce?.();
  }

  function activate(row) {
    active = row;
    for (const option of list.querySelectorAll("[role=option]")) {
      option.setAttribute("aria-selected", String(Number(option.dataset.row) === row));
    }
    if (row >= 0) {
      input.setAttribute("aria-activedescendant", `${id}-${row}`);
      document.getElementById(`${id}-${row}`).scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function close() {
    clearTimeout(timer);
    searching.abort();
    list.hidden = true;
    options = [];
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function chosen(option) {
    close();
    choose(option);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(open, PAUSE);
  });
  input.addEventListener("keydown", async (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step || (event.key === "Enter" && input.value.trim())) {
      event.preventDefault();
      if (isStale()) await open(); // Enter before the options have arrived refers to the text typed
      if (isStale() || !options.length) return;
      if (!step) chosen(options[Math.max(active, 0)]);
      else if (active < 0) activate(step > 0 ? 0 : options.length - 1);
      else activate((active + step + options.length) % options.length);
    } else if (event.key === "Escape") {
      if (list.hidden) input.value = "";
      close();
    }
  });
  input.addEventListener("blur", close);
  for (const kind of ["pointerdown", "mousedown"]) {
    list.addEventListener(kind, (event) => event.preventDefault()); // keep the focus in the text field
  }
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) chosen(options[Number(option.dataset.row)]);
  });

  return { open, close };
}
