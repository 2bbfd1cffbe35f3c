"use strict";

// Figures: each holds its traces and its layout. A colour may be the name of a colour of the page.
const shared = document.getElementById("layout").textContent;
const figures = [...document.querySelectorAll(".figure")].map((element) => {
  const own = element.querySelector("script").textContent;
  element.replaceChildren();
  return { element, own };
});

function draw() {
  const colours = getComputedStyle(document.documentElement);
  const read = (text) =>
    JSON.parse(text.replace(/"var\((--\w+)\)"/g, (_, name) => JSON.stringify(colours.getPropertyValue(name).trim())));
  const { layout, config } = read(shared);
  for (const { element, own } of figures) {
    const figure = read(own);
    Plotly.react(element, figure.data, { ...layout, ...figure.layout }, config);
  }
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

// Copying, from a file too: where the clipboard is closed to the page, the text is selected and copied.
async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll(".code button")) {
  const label = button.innerHTML;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(button.parentElement.querySelector("pre"));
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    document.getElementById("status").textContent = button.textContent;
    setTimeout(() => {
      button.innerHTML = label;
      document.getElementById("status").textContent = "";
    }, 2000);
  });
}
