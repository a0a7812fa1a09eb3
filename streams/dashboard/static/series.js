// From what the API counts to what a chart shows. Pure: no page, no clock.

export const STEPS_S = [60, 300, 3_600, 86_400];
const MOST_POINTS = 2_100;

// The finest step that keeps a chart readable and its data small.
export function stepFor(fromMs, toMs) {
  return STEPS_S.find((step) => (toMs - fromMs) / (step * 1_000) <= MOST_POINTS) ?? STEPS_S.at(-1);
}

// Time, rate in percent, good, bad and excluded events, percentiles in ms, and the share of the budget that is left.
export function columns(counts, target) {
  const stepMs = counts.step * 1_000;
  const startMs = Date.parse(counts.from);
  const { good, bad } = counts;
  return {
    stepMs,
    times: good.map((_, index) => startMs + index * stepMs),
    rate: good.map((count, index) => (count + bad[index] ? (100 * count) / (count + bad[index]) : null)),
    good,
    bad,
    excluded: counts.excluded,
    p50: counts.p50,
    p90: counts.p90,
    p99: counts.p99,
    left: burnDown(good, bad, target),
  };
}

// Burn rates over the long and the short window of each rule, by its number.
export function burnColumns(rules) {
  return Object.fromEntries(rules.flatMap(({ long, short }, at) => [[`long${at}`, long], ...(short ? [[`short${at}`, short]] : [])]));
}

// How the budget of the time shown went: from all that its events allow down to what is left, in percent; may be
// below 0. A target of 100 % allows nothing, so nothing can be left of it.
export function burnDown(good, bad, target) {
  const sum = (list) => list.reduce((all, one) => all + one, 0);
  const allowed = (1 - target) * (sum(good) + sum(bad));
  if (!(allowed > 1e-9)) return good.map(() => null);
  let used = 0;
  return bad.map((count) => 100 * (1 - (used += count) / allowed));
}

export function percent(rate, target) {
  // As many digits as tell it from the target: 99.95 is not 100.
  const digits = target >= 0.999 ? 3 : 2;
  return `${(Math.floor(rate * 10 ** digits) / 10 ** digits).toFixed(digits)} %`;
}
