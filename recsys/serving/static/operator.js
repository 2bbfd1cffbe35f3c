// The operator's page: what GET /operator/state tells, as tables.

import { byId, fromTemplate, hideMissingPages, number, percent, say } from "./page.js";
import { ask, askWithToken, failed, succeeded } from "./service.js";

async function refresh() {
  const main = document.querySelector("main");
  main.setAttribute("aria-busy", "true");
  try {
    const state = await askWithToken("operator/state");
    if (state === null) failed(new Error("Without the token there is nothing to see here."), refresh);
    else show(state);
  } catch (error) {
    failed(error, refresh);
  }
  main.setAttribute("aria-busy", "false");
}

function show(state) {
  succeeded(refresh);
  byId("state").hidden = false;
  byId("as-of").textContent = `As of ${new Date().toLocaleTimeString("en-GB")}, this process since ${time(state.started)}.`;
  showServed(state);
  showVersions(state);
  showRoutes(state);
  showPolicies(state.policies);
  say("Up to date");
}

function showServed(state) {
  byId("served").replaceChildren(...[
    ["Model", state.address],
    ["Version", state.version === null ? "none yet" : `${state.version}, loaded ${time(state.loaded)}`],
    ["Replaced", times(state.swaps)],
    ["Failed to load", times(state.failures)],
    ["Last failure", state.last_failure === null ? "none" : failure(state.last_failure)],
  ].flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
}

// Versions of the registry, and those that are known by their thumbs alone, such as of a folder.
function showVersions({ versions, version, acceptance, versions_read: read, versions_failure: problem }) {
  const thumbs = new Map((acceptance ?? []).map((one) => [one.version, one]));
  const known = new Set(versions.map((one) => one.version));
  const others = [...new Set([version, ...thumbs.keys()])].filter((one) => one !== null && !known.has(one));
  const bare = (one) => ({ version: one, aliases: [], checks: [], absent: versions.length > 0 });
  const rows = [
    ...others.filter((one) => one === version).map(bare), ...versions, ...others.filter((one) => one !== version).map(bare),
  ];
  byId("versions-about").textContent = [
    problem && `The registry cannot be read: ${problem}`,
    versions.length ? `As the registry had them ${time(read)}, the latest first.` : !problem && (read ? "The model has no registry: versions are told apart by their thumbs." : "The registry has not been read yet."),
    acceptance === null && "The database of feedback does not answer.",
  ].filter(Boolean).join(" ");
  byId("versions").replaceChildren(...rows.map((one) => card(one, one.version === version, thumbs.get(one.version))));
}

function card(one, isServed, thumbs) {
  const item = fromTemplate("version");
  const name = item.querySelector("h3");
  name.textContent = `Version ${one.version}`;
  for (const alias of [...(isServed ? ["served"] : []), ...one.aliases]) name.append(" ", badge(alias));
  item.querySelector(".about").textContent = [
    [one.recommender, one.dataset].filter(Boolean).join(" of "),
    typeof one.ndcg === "number" ? `NDCG@10 ${one.ndcg.toFixed(4)}` : "",
    one.registered ? `registered ${time(one.registered)}` : "",
    one.absent ? "not in this registry" : "",
  ].filter(Boolean).join(" · ");
  item.querySelector(".outcome").textContent = one.outcome ? `${capital(one.outcome)}, ${time(one.outcome_at)}` : "";
  item.querySelector("details").hidden = !one.checks.length;
  item.querySelector("ul").append(...one.checks.map((check) => element("li", check)));
  item.querySelector(".acceptance").textContent = thumbs
    ? `${percent(thumbs.rate)} accepted: ${number(thumbs.up)} of ${number(thumbs.total)} thumbs are up`
    : "no thumbs";
  return item;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function showRoutes({ routes }) {
  byId("routes-about").textContent = routes.length
    ? "Of this process, since it started. Times come from the buckets of /metrics: p95 from 20 requests on, p99 from 100."
    : "There were none since this process started.";
  const ms = (value) => (value === null ? ">5,000" : value.toLocaleString("en", { maximumSignificantDigits: 2 }));
  const from = (least, n, value) => (n < least ? "" : ms(value));
  byId("routes").tBodies[0].replaceChildren(...routes.map((one) => {
    const name = element("th", one.route === "other" ? "static files, unknown paths" : one.route);
    name.scope = "row";
    const amounts = [number(one.n_requests), number(one.n_refused), number(one.n_failed), ms(one.p50), from(20, one.n_requests, one.p95), from(100, one.n_requests, one.p99)];
    return row(name, ...amounts.map((text) => cell(text, "amount")));
  }));
}

function showPolicies(policies) {
  byId("policies-about").textContent = policies === null
    ? "None: the service was started without --policies."
    : [
      `${policies.file}, version ${policies.version}, since ${time(policies.loaded)}; replaced ${times(policies.swaps)}.`,
      policies.last_failure && `Last failure: ${failure(policies.last_failure)}`,
      policies.not_in_model.length && `Not recommended, as the model does not know them: ${policies.not_in_model.join("; ")}.`,
    ].filter(Boolean).join(" ");
  byId("policies").replaceChildren(...(policies?.rules ?? []).map((rule) => element("li", rule)));
}

function failure({ version, message, at }) {
  return `${time(at)}${version && `, version ${version}`}: ${message}`;
}

function times(n) {
  return n === 0 ? "never" : n === 1 ? "once" : `${number(n)} times`;
}

function time(iso) {
  return new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

function element(name, text) {
  return Object.assign(document.createElement(name), { textContent: text });
}

function cell(text, className = "") {
  return Object.assign(element("td", text), { className });
}

function badge(text) {
  return Object.assign(element("span", text), { className: "badge" });
}

function row(...cells) {
  const line = document.createElement("tr");
  line.append(...cells);
  return line;
}

byId("refresh").addEventListener("click", refresh);
refresh();
ask("model").then(hideMissingPages, () => {}); // without a model, all pages stay
