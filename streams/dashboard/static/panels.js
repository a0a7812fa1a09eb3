// The panels of a chart, one under the other over the same time: each quantity on an axis of its own, so that a handful
// of bad events is never lost under a million good ones.
import { colour } from "./colours.js";
import { drawMarks } from "./marks.js";
import { zone } from "./times.js";

const DAY_MS = 86_400_000;
const AXIS_WIDTH = 58;
const FONT = "12px system-ui, sans-serif";
const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const PANELS = [
  { title: "Success rate", height: 150, unit: "%", lines: [lowest(line("rate", "rate", "--series-rate"))], target: true },
  { title: "Bad events", height: 80, lines: [bars("bad", "bad", "--series-bad")] },
  {
    title: "Good events",
    height: 80,
    lines: [bars("good", "good", "--series-good"), line("excluded", "excluded, not counted", "--band-excluded", [2, 3])],
  },
  {
    title: "Latency",
    nothing: (stepMs) => (stepMs < 300_000 ? "is kept by five minutes: zoom out" : "none"),
    height: 100,
    unit: "ms",
    lines: [
      line("p50", "p50", "--series-p50"),
      line("p90", "p90", "--series-p90", [7, 3]),
      line("p99", "p99", "--series-p99", [2, 2]),
    ],
  },
  {
    title: "Budget left of the time shown",
    nothing: () => "nothing may fail, or nothing happened",
    height: 100,
    unit: "%",
    lines: [lowest(line("left", "left", "--series-left"))],
    zero: true,
  },
];

function line(field, label, name, dash) {
  return { field, label, name, dash };
}

// The fewer, the worse: of others it is the more.
function lowest(one) {
  return { ...one, isWorstLowest: true };
}

function bars(field, label, name) {
  return { field, label, name, isBars: true };
}

// A panel for each alert rule: how fast the budget goes over its windows, and the level above which it fires. What is
// far beyond leaves through the top, so that the level stays readable.
export function rulePanels(rules) {
  return rules.map(({ objective, threshold, windowSeconds, shortWindowSeconds }, at) => ({
    title: `Burn rate, ${objective}`,
    nothing: () => "no events in its windows",
    height: 80,
    unit: "×",
    threshold,
    lines: [
      line(`long${at}`, `over ${span(windowSeconds)}`, "--series-p50"),
      ...(shortWindowSeconds ? [line(`short${at}`, `over ${span(shortWindowSeconds)}`, "--series-p90", [7, 3])] : []),
    ],
  }));
}

function span(seconds) {
  const [size, unit] = [[86_400, "d"], [3_600, "h"], [60, "min"]].find(([size]) => seconds % size === 0) ?? [1, "s"];
  return `${seconds / size} ${unit}`;
}

export function panelsFor(kinds) {
  return PANELS.filter((panel) => !kinds || kinds.some((kind) => panel.lines.some(({ field }) => field === kind)));
}

// One plot. `chart` has `data` (columns), `marks` and `target`; `isLast` has the labels of time.
export function plotOf(panel, chart, width, isLast, hooks) {
  const percents = panel.unit === "%";
  return {
    width,
    height: panel.height + (isLast ? 22 : 0),
    ms: 1,
    tzDate: (ms) => uPlot.tzDate(new Date(ms), zone()),
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: chart.key }, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: (_, first, last) => [first, last + chart.data.stepMs] }, // to the end of the last step
      y: { range: (_, low, high) => range(panel, chart, low, high) },
    },
    axes: [
      { show: true, size: isLast ? 26 : 4, font: FONT, stroke: () => colour("--muted"), grid: grid(), ticks: grid(), values: (_, found, _at, _space, step) => found.map((ms) => (isLast ? timeLabel(ms, step) : "")) },
      {
        size: AXIS_WIDTH,
        font: FONT,
        stroke: () => colour("--muted"),
        grid: grid(),
        ticks: { show: false },
        space: 26,
        incrs: panel.unit ? undefined : WHOLE,
        values: (_, found) => found.map((value) => label(value, panel.unit)),
      },
    ],
    series: [
      {},
      ...panel.lines.map(({ name, dash, isBars, isWorstLowest }) => ({
        scale: "y",
        stroke: () => colour(name),
        fill: isBars ? () => colour(name) : undefined,
        width: isBars ? 0 : 1.75,
        dash,
        paths: isBars ? barsOrPixels : lineOrPixels(isWorstLowest),
        points: isBars ? { show: false } : undefined,
      })),
    ],
    hooks: {
      drawClear: [(plot) => drawMarks(plot, chart.marks)],
      draw: [(plot) => percents && panel.target && drawLevel(plot, 100 * chart.target, "--series-target", [6, 4]), (plot) => panel.zero && drawLevel(plot, 0, "--text", []), (plot) => panel.threshold && drawLevel(plot, panel.threshold, "--series-target", [6, 4])],
      ...hooks,
    },
  };
}

function barsOrPixels(plot, series, first, last) {
  if (!isCrowded(plot, first, last)) return uPlot.paths.bars({ size: [0.9, 60, 1], align: 1 })(plot, series, first, last);
  const { left } = plot.bbox;
  const [highest, base, y] = [worstOfPixels(plot, series, first, last, false), ...heights(plot, series)];
  const outline = new Path2D();
  outline.moveTo(left, base);
  highest.forEach((value, pixel) => {
    outline.lineTo(left + pixel, y(value || 0));
    outline.lineTo(left + pixel + 1, y(value || 0));
  });
  outline.lineTo(left + highest.length, base);
  return { fill: outline };
}

function lineOrPixels(isWorstLowest) {
  return (plot, series, first, last) => {
    if (!isCrowded(plot, first, last)) return uPlot.paths.linear()(plot, series, first, last);
    const [worst, , y] = [worstOfPixels(plot, series, first, last, isWorstLowest), ...heights(plot, series)];
    const stroke = new Path2D();
    worst.forEach((value, pixel) => {
      if (Number.isNaN(value)) return;
      const isNew = pixel === 0 || Number.isNaN(worst[pixel - 1]);
      stroke[isNew ? "moveTo" : "lineTo"](plot.bbox.left + pixel + 0.5, y(value));
    });
    return { stroke };
  };
}

function isCrowded(plot, first, last) {
  return last - first > plot.bbox.width;
}

// Where steps are more than pixels: of those that share one the worst, NaN where none has a value. Each of thousands
// drawn within less than a pixel would take most of the time of a frame, dashes most of all.
function worstOfPixels(plot, series, first, last, isLowest) {
  const { width } = plot.bbox;
  const { min, max } = plot.scales.x;
  const [times, values] = [plot.data[0], plot.data[series]];
  const worst = new Float64Array(Math.ceil(width)).fill(NaN);
  for (let at = first; at <= last; at++) {
    const value = values[at];
    if (value === null) continue;
    const pixel = Math.min(worst.length - 1, Math.max(0, Math.floor(((times[at] - min) / (max - min)) * width)));
    const known = worst[pixel];
    if (!(isLowest ? known <= value : known >= value)) worst[pixel] = value;
  }
  return worst;
}

// Where 0 is, and where a value is: straight, as its scale is.
function heights(plot, series) {
  const { scale } = plot.series[series];
  const [base, one] = [0, 1].map((value) => plot.valToPos(value, scale, true));
  return [base, (value) => base + value * (one - base)];
}

function grid() {
  return { stroke: () => colour("--grid"), width: 1 };
}

function timeLabel(ms, step) {
  return labels(zone(), step < DAY_MS).format(ms);
}

const formats = new Map();

// To make a format takes a hundred times as long as to use it.
function labels(timeZone, isWithinDay) {
  const key = `${timeZone} ${isWithinDay}`;
  const parts = isWithinDay ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone, ...parts }));
  return formats.get(key);
}

function label(value, unit) {
  if (unit === "%") return `${+value.toFixed(3)} %`;
  if (unit === "×") return `${+value.toPrecision(3)} ×`;
  return unit === "ms" && value >= 1_000 ? `${+(value / 1_000).toFixed(1)} s` : compact.format(value) + (unit ? ` ${unit}` : "");
}

function range(panel, chart, low, high) {
  if (panel.target) {
    const least = Math.min(low ?? 100, 100 * chart.target);
    return [Math.max(0, least - Math.max((100 - least) * 0.15, 0.05)), 100 + (100 - least) * 0.05 + 0.001];
  }
  if (panel.threshold) return [0, Math.max(1.25 * panel.threshold, Math.min(1.1 * (high ?? 0), 4 * panel.threshold))];
  if (panel.zero) return [Math.min(low ?? 0, 0) * 1.1 - 5, 105];
  return [0, (high || 1) * 1.1];
}

function drawLevel(plot, value, name, dash) {
  const { ctx, bbox } = plot;
  const y = plot.valToPos(value, "y", true);
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = colour(name);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash(dash.map((one) => one * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
