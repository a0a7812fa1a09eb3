// A figure with `data-counts` becomes a chart: panels over one time, moved by pointer, buttons or keys alone, and told
// in words. What it shows is in the page as a table, too.
import { colour } from "./colours.js";
import { panelsFor, plotOf, rulePanels } from "./panels.js";
import { burnColumns, columns, percent, stepFor } from "./series.js";
import { timeText } from "./times.js";

const DAY_MS = 86_400_000;
const TELL_MS = 250; // after the last move: a screen reader is told where it ended, not each step
const LOADING = "The chart is being loaded. The table below has the days.";
const whole = new Intl.NumberFormat("en");

export function startCharts(within) {
  const nearby = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        nearby.unobserve(target);
        new Chart(target).start();
      }
    },
    { rootMargin: "400px" },
  );
  for (const figure of within.querySelectorAll("figure.chart[data-counts]")) nearby.observe(figure);
}

let count = 0;

class Chart {
  constructor(figure) {
    this.figure = figure;
    this.key = `chart-${++count}`;
    this.plots = [];
    this.rules = [];
    this.turn = 0;
    this.isLoading = false;
    this.kept = null; // of all of the time
    this.index = null;
    this.zoomed = null;
    this.read();
  }

  read() {
    const { marks, target, from, to, panels } = this.figure.dataset;
    this.marks = JSON.parse(marks || "[]");
    this.target = Number(target);
    this.whole = [Number(from), Number(to)];
    this.panels = panelsFor(panels ? panels.split(" ") : null);
  }

  async start() {
    this.box = make("div", "plots");
    this.told = make("p", "told");
    this.told.setAttribute("aria-live", "polite");
    this.figure.append(this.buttons(), this.box, this.told);
    this.figure.tabIndex = 0;
    this.figure.addEventListener("keydown", (event) => this.onKey(event));
    this.figure.addEventListener("fresh", () => {
      this.read();
      if (!this.zoomed && !this.isLoading) this.load(true);
    });
    document.addEventListener("colours", () => this.build());
    document.addEventListener("zone", () => this.build());
    await this.load();
    new ResizeObserver(() => this.resize()).observe(this.box);
  }

  buttons() {
    const row = make("div", "actions");
    const add = (words, act) => {
      const button = make("button", "small");
      button.type = "button";
      button.textContent = words;
      button.addEventListener("click", act);
      row.append(button);
    };
    add("Zoom in", () => this.zoom(0.5));
    add("Zoom out", () => this.zoom(2));
    add("Earlier", () => this.move(-0.5));
    add("Later", () => this.move(0.5));
    add("Show all", () => this.show(null));
    const hint = make("span", "chart-hint");
    hint.textContent = "Drag over a part to enlarge it. Keys: arrows, with Shift to move the time shown, Page Up and Down for a day, + and −, Esc.";
    row.append(hint);
    return row;
  }

  get range() {
    return this.zoomed ?? this.whole;
  }

  // `isQuiet`: what is drawn is nearly right, and nobody has asked for more.
  async load(isQuiet = false) {
    const turn = ++this.turn;
    this.isLoading = true;
    const [from, to] = this.range;
    const query = new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), step: stepFor(from, to) });
    const { counts, burn } = this.figure.dataset;
    const slow = isQuiet ? null : setTimeout(() => (this.told.textContent = LOADING), TELL_MS);
    const ask = (url) => fetch(`${url}&${query}`, { headers: { accept: "application/json" } });
    let answer, burnAnswer;
    try {
      [answer, burnAnswer] = await Promise.all([ask(counts), burn && ask(burn)]);
    } catch {
      return isQuiet || this.tell("The chart could not be loaded: the server does not answer. The table below has the days.");
    } finally {
      clearTimeout(slow);
      if (turn === this.turn) this.isLoading = false;
    }
    if (!answer.ok) return isQuiet || this.tell(`The chart could not be loaded (${answer.status}). The table below has the days.`);
    const counted = await answer.json();
    const rules = burnAnswer?.ok ? (await burnAnswer.json()).rules : [];
    if (turn !== this.turn) return; // another part is asked for by now
    if (isQuiet && this.box.matches(":active")) return; // somebody drags over it, which drawing it anew would end
    if (this.told.textContent === LOADING) this.told.textContent = "";
    const data = { ...columns(counted, this.target), ...burnColumns(rules) };
    if (!this.zoomed) this.kept = { data, rules };
    this.take({ data, rules });
  }

  take({ data, rules }) {
    this.data = data;
    this.rules = rules;
    if (this.index !== null) this.index = Math.min(this.index, this.data.times.length - 1);
    this.build();
  }

  build() {
    if (!this.data) return;
    if (this.plots.length) {
      this.plots.forEach((plot) => plot.destroy());
      this.box.replaceChildren();
    }
    const width = Math.max(200, this.box.clientWidth);
    const [main, ...others] = [...this.panels, ...rulePanels(this.rules)];
    const has = ({ lines }) => lines.some(({ field }) => this.data[field].some((value) => value !== null));
    const shown = [main, ...others.filter(has)];
    this.plots = [];
    for (const panel of [main, ...others]) {
      this.box.append(title(panel, this.target, shown.includes(panel) ? null : panel.nothing?.(this.data.stepMs)));
      if (shown.includes(panel)) this.plots.push(this.plot(panel, width, panel === shown.at(-1)));
    }
    this.figure.dataset.drawn = this.data.times.length;
  }

  plot(panel, width, isLast) {
    const hooks = { setSelect: [(plot) => this.onSelect(plot)], setCursor: [(plot) => this.onCursor(plot)] };
    const data = [this.data.times, ...panel.lines.map(({ field }) => this.data[field])];
    return new uPlot(plotOf(panel, this, width, isLast, hooks), data, this.box);
  }

  resize() {
    const width = Math.max(200, this.box.clientWidth);
    for (const plot of this.plots) if (plot.width !== width) plot.setSize({ width, height: plot.height });
  }

  onSelect(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    const range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.show(range);
  }

  show(range) {
    if (range) {
      const minute = 60_000;
      const [from, to] = range.map((ms) => Math.round(ms / minute) * minute);
      const least = Math.max(to - from, 10 * minute);
      range = [Math.max(from, this.whole[0]), Math.min(Math.max(from, this.whole[0]) + least, this.whole[1])];
      if (range[1] - range[0] >= this.whole[1] - this.whole[0]) range = null;
    }
    this.zoomed = range;
    if (!range && this.kept) {
      this.take(this.kept);
      this.load(true);
      return;
    }
    // At once with what is there; its finer steps come when they are loaded.
    const [min, max] = this.range;
    for (const plot of this.plots) plot.setScale("x", { min, max });
    this.load();
  }

  // By a share of the time shown, and not beyond all of it.
  move(share) {
    const [from, to] = this.range;
    const [least, most] = this.whole;
    const by = Math.min(Math.max((to - from) * share, least - from), most - to);
    if (by) this.show([from + by, to + by]);
  }

  zoom(factor) {
    const [from, to] = this.range;
    const middle = this.index === null ? (from + to) / 2 : this.data.times[this.index];
    const half = ((to - from) * factor) / 2;
    this.show([middle - half, middle + half]);
  }

  onKey(event) {
    if (event.target !== this.figure || !this.data) return;
    const last = this.data.times.length - 1;
    const day = Math.max(1, Math.round(DAY_MS / this.data.stepMs));
    const at = this.index ?? last;
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - day, PageDown: at + day, Home: 0, End: last };
    const shifts = { ArrowLeft: -0.5, ArrowRight: 0.5 };
    if (event.shiftKey && event.key in shifts) this.move(shifts[event.key]);
    else if (event.key in moves) this.moveTo(Math.min(Math.max(moves[event.key], 0), last));
    else if (event.key === "+") this.zoom(0.5);
    else if (event.key === "-") this.zoom(2);
    else if (event.key === "Escape") this.show(null);
    else return;
    event.preventDefault();
  }

  moveTo(index) {
    const [plot] = this.plots;
    plot.setCursor({ left: plot.valToPos(this.data.times[index], "x"), top: 10 });
    this.tellAt(index);
  }

  onCursor(plot) {
    if (plot === this.plots[0] && plot.cursor.idx !== null && plot.cursor.idx !== undefined) this.tellAt(plot.cursor.idx);
  }

  tellAt(index) {
    this.index = index;
    const { times, rate, good, bad, excluded, p50, p90, p99, left } = this.data;
    const total = good[index] + bad[index];
    const parts = [
      total ? `${percent(rate[index], this.target)}, ${whole.format(bad[index])} bad of ${whole.format(total)}` : "no events",
    ];
    if (excluded[index]) parts.push(`${whole.format(excluded[index])} excluded`);
    if (p50[index] != null) parts.push(`p50 ${ms(p50[index])}, p90 ${ms(p90[index])}, p99 ${ms(p99[index])}`);
    if (left[index] != null) parts.push(`${left[index].toFixed(0)} % of the budget left`);
    parts.push(...this.rules.flatMap((rule) => burning(rule, index)));
    const inside = this.marks.filter(({ from, to }) => from < times[index] + this.data.stepMs && (to ?? Infinity) > times[index]);
    parts.push(...inside.map((mark) => mark.label));
    this.tell(`${timeText(times[index])}: ${parts.join("; ")}`);
  }

  tell(words) {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => (this.told.textContent = words), TELL_MS);
  }
}

// A rule is told of where it burns too fast, over all of its windows.
function burning({ objective, threshold, long, short }, index) {
  const rates = [long, ...(short ? [short] : [])].map((one) => one[index]);
  if (rates.some((rate) => rate === null || rate <= threshold)) return [];
  return [`${objective} burns ${rates.map((rate) => +rate.toPrecision(3)).join(" and ")} of ${+threshold.toPrecision(4)} ×`];
}

function ms(value) {
  return value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${Math.round(value)} ms`;
}

function title(panel, target, nothing) {
  const row = make("p", "panel-title");
  row.append(make("span", "", nothing ? `${panel.title}: ${nothing}` : panel.title));
  if (nothing) return row;
  for (const one of panel.lines.length > 1 || panel.threshold ? panel.lines : []) row.append(key(one.name, one.dash, one.label));
  if (panel.threshold) row.append(key("--series-target", [6, 4], `fires above ${+panel.threshold.toPrecision(4)} ×`));
  if (panel.target) row.append(key("--series-target", [6, 4], `target ${+(100 * target).toFixed(4)} %`));
  return row;
}

// A sample of the line, as it is drawn.
function key(name, dash, label) {
  const whole = make("span", "");
  const sample = make("canvas", "swatch");
  sample.width = 44;
  sample.height = 18;
  const pen = sample.getContext("2d");
  pen.strokeStyle = colour(name);
  pen.lineWidth = 4;
  pen.setLineDash((dash ?? []).map((one) => one * 2));
  pen.beginPath();
  pen.moveTo(0, 9);
  pen.lineTo(44, 9);
  pen.stroke();
  sample.setAttribute("aria-hidden", "true");
  whole.append(sample, label);
  return whole;
}

function make(name, className, words) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (words) element.textContent = words;
  return element;
}
