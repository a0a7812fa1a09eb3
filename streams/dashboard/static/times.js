// Times are UTC in the page; a reader may have them in their own zone.
const KEY = "slo-times";
const isLocal = () => localStorage.getItem(KEY) === "local";

export const zone = () => (isLocal() ? Intl.DateTimeFormat().resolvedOptions().timeZone : "Etc/UTC");

export function timeText(ms, seconds = false, local = isLocal()) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: local ? zone() : "Etc/UTC",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    ...(local ? { timeZoneName: "short" } : {}),
  })
    .format(ms)
    .replace(",", "");
  return local ? parts : `${parts} UTC`;
}

export function startTimes(within) {
  const button = within.querySelector?.("#zone-button");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      localStorage.setItem(KEY, isLocal() ? "utc" : "local");
      show(document);
      label(button);
      document.dispatchEvent(new CustomEvent("zone"));
    });
    label(button);
  }
  show(within);
}

// A page that the server says is unchanged comes from the browser's own store, with the time of when it was put there.
export function readNow() {
  const time = document.querySelector("#read-at time");
  if (!time) return;
  const now = Date.now();
  time.dateTime = new Date(now).toISOString();
  time.dataset.utc = timeText(now, true, false);
  show(time.parentElement);
}

function label(button) {
  button.textContent = isLocal() ? "Times: yours" : "Times: UTC";
}

function show(within) {
  for (const one of within.querySelectorAll("time[datetime]")) {
    one.dataset.utc ??= one.textContent;
    one.textContent = isLocal() ? timeText(Date.parse(one.dateTime)) : one.dataset.utc;
    one.title = isLocal() ? one.dataset.utc : "";
  }
}
