// Time that is marked in a chart: breaches hatched, exclusions dotted, time before the first event crossed out lightly,
// hours of which events came late striped at the foot.
// The pattern tells them apart, the colour only repeats it.
import { colour } from "./colours.js";

const SIZE = 8;
const COLOURS = { breach: "--band-breach", excluded: "--band-excluded", unseen: "--band-unseen", late: "--band-late" };
const LATE_HEIGHT = 7;

export function drawMarks(plot, marks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { kind, from, to } of marks) {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to ?? Date.now(), "x", true));
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    // A breach of a minute shows in a month, and an hour of late events as more than one stripe.
    const width = Math.max(right - left, (kind === "late" ? 7 : 2) * devicePixelRatio);
    ctx.fillStyle = pattern(ctx, kind);
    const height = kind === "late" ? LATE_HEIGHT * devicePixelRatio : bbox.height;
    ctx.fillRect(left, bbox.top + bbox.height - height, width, height);
    if (kind === "breach") {
      ctx.fillStyle = colour(COLOURS[kind]);
      ctx.fillRect(left, bbox.top, width, 3 * devicePixelRatio);
    }
  }
  ctx.restore();
}

const patterns = new Map();
document.addEventListener("colours", () => patterns.clear());

function pattern(ctx, kind) {
  const name = `${kind} ${devicePixelRatio}`;
  if (!patterns.has(name)) patterns.set(name, newPattern(ctx, kind));
  return patterns.get(name);
}

function newPattern(ctx, kind) {
  const size = SIZE * devicePixelRatio;
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.strokeStyle = pen.fillStyle = colour(COLOURS[kind]);
  pen.globalAlpha = kind === "unseen" ? 0.25 : 0.5;
  pen.lineWidth = devicePixelRatio;
  if (kind === "excluded") {
    pen.beginPath();
    pen.arc(size / 2, size / 2, 1.25 * devicePixelRatio, 0, 7);
    pen.fill();
  } else if (kind === "late") {
    pen.globalAlpha = 1;
    for (let across = 0; across < size; across += size / 2) pen.fillRect(across, 0, size / 4, size);
  } else {
    for (const shift of [-size, 0, size]) {
      pen.beginPath();
      const [from, to] = kind === "breach" ? [size, 0] : [0, size];
      pen.moveTo(shift, from);
      pen.lineTo(shift + size, to);
      pen.stroke();
    }
  }
  return ctx.createPattern(tile, "repeat");
}
