// Programs of others, loaded when a view first needs them. The report has them in the page.

const FILES = { Plotly: "plotly.min.js", cytoscape: "cytoscape.min.js" };
const loading = {};

export function library(name) {
  loading[name] ??= window[name] ? Promise.resolve(window[name]) : load(name);
  return loading[name];
}

function load(name) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = `explorer/static/${FILES[name]}`;
    script.addEventListener("load", () => done(window[name]));
    script.addEventListener("error", () => {
      delete loading[name];
      script.remove();
      failed(new TypeError(`${script.src} cannot be loaded`));
    });
    document.head.append(script);
  });
}
