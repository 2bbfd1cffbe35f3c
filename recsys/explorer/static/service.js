// Rules from the service, which filters, sorts and cuts pages.

export class RuleService {
  formats = ["csv", "json", "graphml"];

  constructor(prefix) {
    this.prefix = prefix;
  }

  summary() {
    return this.ask("summary");
  }

  rules(query, limit, signal) {
    return this.ask(`rules?${withLimit(query, limit)}`, signal);
  }

  points(filters, limit, signal) {
    return this.ask(`points?${withLimit(filters, limit)}`, signal);
  }

  rule(id, signal) {
    return this.ask(`rules/${encodeURIComponent(id)}`, signal);
  }

  async items(search, limit, signal) {
    return (await this.ask(`items?${new URLSearchParams({ search, limit })}`, signal)).items;
  }

  exportAddress(format, query) {
    return `${this.prefix}export?${new URLSearchParams([["format", format], ...query])}`;
  }

  async ask(path, signal) {
    const response = await fetch(this.prefix + path, { signal });
    const answer = await response.json().catch((error) => {
      // An answer without JSON comes from something in between, such as a proxy.
      throw error instanceof SyntaxError ? new TypeError(error.message) : error;
    });
    if (!response.ok) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer;
  }
}

function withLimit(query, limit) {
  return new URLSearchParams([...query, ["limit", limit]]);
}
