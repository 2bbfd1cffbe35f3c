// The parts of the explorer. The report has them, too: all ids begin with explorer-, all rules of style with .explorer.

const VIEWS = { table: "Table", scatter: "Scatter", matrix: "Matrix", graph: "Graph" };

export const MARKUP = `
<form class="filters" aria-label="Filters" novalidate>
  <details id="explorer-fold">
    <summary><span>Filters</span> <span id="explorer-n-filters" class="quiet"></span></summary>
    <div class="fields">
      <div class="combobox">
        <label for="explorer-search"><span data-words="{item}">Item</span> of the rule</label>
        <div class="joined">
          <select id="explorer-role" aria-label="Where the item stands">
            <option value="item">anywhere</option>
            <option value="antecedent">before →</option>
            <option value="consequent">after →</option>
          </select>
          <input id="explorer-search" type="text" role="combobox" aria-expanded="false" aria-controls="explorer-found"
                 aria-autocomplete="list" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="200"
                 placeholder="Search by title">
        </div>
        <ul id="explorer-found" role="listbox" aria-label="Search results" hidden></ul>
        <ul id="explorer-chosen" class="chosen" aria-label="Items of the rule"></ul>
      </div>
      <div>
        <label for="explorer-text">Words in titles</label>
        <input id="explorer-text" type="search" maxlength="200" autocomplete="off" spellcheck="false">
      </div>
      <div id="explorer-ranges"></div>
      <details id="explorer-more-measures" hidden><summary>More measures</summary><div id="explorer-more-ranges"></div></details>
      <button id="explorer-reset" type="button" class="plain" hidden>Remove all filters</button>
    </div>
  </details>
</form>
<div class="results">
  <div class="bar">
    <p id="explorer-n-found" class="total" role="status"></p>
    <p class="best-by">
      <label for="explorer-sort">Best by</label>
      <select id="explorer-sort"></select>
      <button id="explorer-descending" type="button" class="square"></button>
    </p>
  </div>
  <div class="tabs" role="tablist" aria-label="Views of the rules">
    ${Object.entries(VIEWS).map(([name, title]) => `<button id="explorer-tab-${name}" type="button" role="tab"
      aria-controls="explorer-panel" data-view="${name}">${title}</button>`).join("")}
  </div>
  <p id="explorer-trouble" class="trouble" role="alert" hidden></p>
  <div id="explorer-panel" role="tabpanel" tabindex="-1" aria-busy="true"></div>
  <p class="exports">Download <span id="explorer-n-exported"></span> as <span id="explorer-exports"></span></p>
</div>
<dialog id="explorer-rule" class="rule" aria-labelledby="explorer-rule-title"></dialog>
<p id="explorer-status" class="unseen" role="status"></p>
`;
