// Colours of the page's style sheet, light or dark, and the scale of lift.

import { make } from "./elements.js";
import { short } from "./numbers.js";

const STEPS = ["--scale-low", "--scale-middle", "--scale-high"];

export function colourOf(name) {
  return getComputedStyle(document.getElementById("explorer")).getPropertyValue(name).trim();
}

/** Lift is a ratio: equal ratios are equally far apart. */
export class LiftScale {
  constructor(lifts) {
    const known = lifts.filter((lift) => lift !== null);
    const finite = known.length ? known : [1];
    this.minimum = finite.reduce((least, lift) => Math.min(least, lift), Infinity);
    this.maximum = finite.reduce((most, lift) => Math.max(most, lift), -Infinity);
    this.steps = STEPS.map((name) => parse(colourOf(name)));
  }

  /** Return the place of a lift between the lowest, 0, and the highest, 1. */
  place(lift) {
    if (this.minimum === this.maximum) return 1;
    return Math.log(lift / this.minimum) / Math.log(this.maximum / this.minimum);
  }

  colour(lift) {
    return this.at(this.place(lift));
  }

  at(place) {
    const upper = place > 0.5;
    const [from, to] = upper ? this.steps.slice(1) : this.steps;
    const share = upper ? 2 * place - 1 : 2 * place;
    return `rgb(${from.map((value, row) => Math.round(value + share * (to[row] - value))).join(", ")})`;
  }

  legend() {
    const swatches = [0, 0.25, 0.5, 0.75, 1].map((place) => {
      const swatch = make("span", { className: "swatch" });
      swatch.style.backgroundColor = this.at(place); // set by a program, which the content security policy allows
      return swatch;
    });
    const strip = make("span", { className: "swatches", "aria-hidden": "true" }, ...swatches);
    return make("span", { className: "legend" }, "lift ", short(this.minimum), strip, short(this.maximum));
  }
}

function parse(hex) {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}
