// Groups of antecedents that go with the same consequents: k-means of their lifts, as in the grouped matrix of Hahsler
// and Karpienko, "Visualizing association rules in hierarchical groups", Journal of Business Economics 87, 2017.

const STEPS = 20;
const INDEPENDENT = 1; // the lift of a pair without a rule

/** Return at most k groups of the keys of the antecedents of some rules, each an array of rules. */
export function groupAntecedents(rules, k) {
  const columns = new Map();
  for (const rule of rules) {
    const key = keyOf(rule.antecedents);
    columns.set(key, [...(columns.get(key) ?? []), rule]);
  }
  const consequents = [...new Set(rules.map((rule) => keyOf(rule.consequents)))];
  const row = new Map(consequents.map((key, place) => [key, place]));
  const members = [...columns.values()].map((own) => {
    const lifts = new Float64Array(consequents.length).fill(INDEPENDENT);
    for (const rule of own) lifts[row.get(keyOf(rule.consequents))] = rule.measures.lift ?? INDEPENDENT;
    return { rules: own, lifts };
  });
  const centres = firstCentres(members, k);
  let groups = [];
  for (let step = 0, moved = true; moved && step < STEPS; step += 1) {
    moved = false;
    for (const member of members) {
      const nearest = centres.reduce((best, centre, place) => {
        const far = distance(member.lifts, centre);
        return far < best.far ? { far, place } : best;
      }, { far: Infinity }).place;
      if (nearest !== member.group) moved = true;
      member.group = nearest;
    }
    groups = centres.map((_, place) => members.filter((member) => member.group === place));
    groups.forEach((group, place) => { if (group.length) centres[place] = mean(group); });
  }
  return groups.filter((group) => group.length).map((group) => group.flatMap((member) => member.rules));
}

export function keyOf(items) {
  return items.map((item) => String(item.item_id)).sort().join("\n");
}

// The first, then again and again the one that is farthest from all centres: the groups are always the same.
function firstCentres(members, k) {
  const centres = [members[0].lifts];
  const far = members.map((member) => distance(member.lifts, centres[0]));
  while (centres.length < k) {
    const farthest = far.reduce((best, value, place) => (value > far[best] ? place : best), 0);
    if (far[farthest] === 0) break; // the others are equal to a centre
    centres.push(members[farthest].lifts);
    members.forEach((member, place) => { far[place] = Math.min(far[place], distance(member.lifts, members[farthest].lifts)); });
  }
  return centres;
}

function distance(one, other) {
  let sum = 0;
  for (let place = 0; place < one.length; place += 1) sum += (one[place] - other[place]) ** 2;
  return sum;
}

function mean(group) {
  return group[0].lifts.map((_, place) => group.reduce((sum, member) => sum + member.lifts[place], 0) / group.length);
}
