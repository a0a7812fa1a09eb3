// Times are UTC in the page; a reader may have them in their own zone.
const KEY = "slo-times";
const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
let local = localStorage.getItem(KEY) === "local";

export const zone = () => (local ? own() : "Etc/UTC");

export function timeText(ms, seconds = false, isOwn = local) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: isOwn ? own() : "Etc/UTC",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    ...(isOwn ? { timeZoneName: "short" } : {}),
  })
    .format(ms)
    .replace(",", "");
  return isOwn ? parts : `${parts} UTC`;
}

export function startTimes(within) {
  const button = within.querySelector?.("#zone-button");
  if (button) {
    button.hidden = false;
    within.querySelector("#zone-words").hidden = true;
    button.addEventListener("click", () => {
      local = !local;
      localStorage.setItem(KEY, local ? "local" : "utc");
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
  button.textContent = local ? "Times: yours" : "Times: UTC";
}

function show(within) {
  for (const one of within.querySelectorAll("time[datetime]")) {
    one.dataset.utc ??= one.textContent;
    one.textContent = local ? timeText(Date.parse(one.dateTime)) : one.dataset.utc;
    one.title = local ? one.dataset.utc : "";
  }
}
