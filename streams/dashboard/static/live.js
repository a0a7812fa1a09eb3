// Pages follow what happens: the server says that something changed, and the page is asked for anew. Its parts with
// `data-live` are put in place of the old ones, so that what is shown is rendered in one place only. The document is
// parsed by XMLHttpRequest, which runs no script of it and is no sink of Trusted Types.
import { readNow, startTimes } from "./times.js";

const JITTER_MS = 1_000; // not every page of everybody at once
const AT_LEAST_MS = 2_500; // between two looks
const FALLBACK_MS = 5_000; // where no events come through, it is looked all the same

const SLOW_MS = 2_000; // then a reader is told that the page waits
const GIVE_UP_MS = 30_000;

let source = null;
let lookedMs = 0;
let waiting = null;
let isLooking = false;
let fallback = null;

// What the server wrote, before times are shown in the reader's zone: only that tells whether something changed.
export function remember() {
  for (const one of document.querySelectorAll("[data-live][id]")) one.dataset.told = one.textContent;
}

export function startLive() {
  const { live } = document.body.dataset;
  if (!live) return;
  source = new EventSource(live);
  source.addEventListener("changed", soon);
  source.onopen = () => {
    keepLooking(false);
    tellState();
  };
  // A proxy that ends every stream closes it for good: then pages only look.
  source.onerror = () => {
    keepLooking(true);
    tellState();
  };
  goOn();
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  addEventListener("pagehide", () => source.close());
}

function keepLooking(is) {
  if (is) fallback ??= setInterval(soon, FALLBACK_MS);
  else {
    clearInterval(fallback);
    fallback = null;
  }
}

function tellState() {
  tell(source.readyState === EventSource.OPEN ? "live" : "reconnecting; looking every 5 s");
}

function soon() {
  if (document.hidden || waiting !== null || isLooking) return;
  const restMs = Math.max(0, lookedMs + AT_LEAST_MS - Date.now());
  waiting = setTimeout(look, restMs + Math.random() * JITTER_MS);
}

function look() {
  waiting = null;
  isLooking = true;
  lookedMs = Date.now();
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document";
  request.timeout = GIVE_UP_MS;
  const slow = setTimeout(() => tell("waiting for the server; this is what it said last"), SLOW_MS);
  request.onload = () => {
    if (request.status === 200 && request.response) {
      show(request.response);
      keepLooking(source.readyState !== EventSource.OPEN);
      tellState();
    } else if (request.status === 401 || request.status === 403) tell("signed out; reload to sign in");
    else if (request.status >= 500) away();
    else tellState();
  };
  request.onerror = request.ontimeout = away;
  request.onloadend = () => {
    clearTimeout(slow);
    isLooking = false;
    goOn();
  };
  request.send();
}

function away() {
  keepLooking(true);
  tell("the server does not answer; looking every 5 s");
}

// What goes on without a change of the database, as a job: it is looked at again and again.
function goOn() {
  if (document.querySelector("[data-soon]")) soon();
}

function show(fresh) {
  readNow();
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const next = fresh.getElementById(old.id);
    // What a reader is at stays under the hands.
    if (!next || old.contains(document.activeElement) || next.isEqualNode(old) || same(old, next)) continue;
    const placed = document.adoptNode(next);
    placed.dataset.told = placed.textContent;
    startTimes(placed);
    old.replaceWith(placed);
    placed.classList.add("changed");
  }
  for (const figure of document.querySelectorAll("figure.chart[id]")) {
    const next = fresh.getElementById(figure.id);
    if (!next) continue;
    Object.assign(figure.dataset, next.dataset);
    figure.dispatchEvent(new CustomEvent("fresh"));
  }
}

// Times of the reader's zone differ from the server's text, and are no change.
function same(old, next) {
  return old.dataset.told !== undefined && old.dataset.told === next.textContent;
}

function tell(words) {
  const state = document.getElementById("live-state");
  if (!state || state.textContent === words) return;
  state.textContent = words;
  state.classList.toggle("off", words !== "live");
  state.hidden = false;
}
