// What three libraries say of recurrence rules. In: [{rule, zone, start}], a local time; out: an answer each.
// `shown`: [local times] by library; `startsMs`: the instants, of the one that knows time zones.
import { readFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import ICAL from "ical.js";
import rrule from "rrule";
import { RRuleTemporal } from "rrule-temporal";

const MOST = 12;
const FIRST_MS = 10_000;
const PATIENCE_MS = 2_000;

const libraries = {
  ical({ rule, start }) {
    const iterator = ICAL.Recur.fromString(rule).iterator(ICAL.Time.fromDateTimeString(start));
    const shown = [];
    for (let next; shown.length < MOST && (next = iterator.next()); ) shown.push(next.toString());
    return shown;
  },
  rrule({ rule, start }) {
    const options = { ...rrule.RRule.parseString(rule), dtstart: new Date(`${start}Z`) };
    const found = new rrule.RRule(options).all((_, index) => index < MOST);
    return found.map((moment) => moment.toISOString().slice(0, 19));
  },
  temporal(one) {
    return zoned(one).map((moment) => moment.toPlainDateTime().toString({ smallestUnit: "second" }));
  },
};

function zoned({ rule, start, zone }) {
  const rruleString = `DTSTART;TZID=${zone}:${start.replace(/[-:]/g, "")}\nRRULE:${rule}`;
  return new RRuleTemporal({ rruleString }).all((_, index) => index < MOST);
}

function attempt(find) {
  try {
    return find();
  } catch {
    return null; // it does not know the rule
  }
}

function answer(one) {
  return {
    shown: Object.fromEntries(Object.entries(libraries).map(([name, find]) => [name, attempt(() => find(one))])),
    startsMs: attempt(() => zoned(one).map((moment) => moment.epochMilliseconds)),
  };
}

// In a thread, as a library may search for ever: then the next rule gets a new one.
async function ask(cases) {
  const answers = [];
  while (answers.length < cases.length) {
    const worker = new Worker(new URL(import.meta.url), { workerData: cases.slice(answers.length) });
    await new Promise((ended) => {
      let clock = setTimeout(ended, FIRST_MS);
      worker.on("message", (said) => {
        answers.push(said);
        clearTimeout(clock);
        clock = setTimeout(ended, PATIENCE_MS);
      });
      worker.on("exit", ended);
    });
    await worker.terminate();
    if (answers.length < cases.length) answers.push({ shown: {}, startsMs: null });
  }
  return answers;
}

if (isMainThread) {
  const answers = await ask(JSON.parse(readFileSync(0, "utf8")));
  process.stdout.write(JSON.stringify(answers), () => process.exit());
} else {
  for (const one of workerData) parentPort.postMessage(answer(one));
}
