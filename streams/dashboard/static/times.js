// Times are UTC in the page; a reader may have them in their own zone.
const KEY = "slo-times";
const isLocal = () => localStorage.getItem(KEY) === "local";

export const zone = () => (isLocal() ? Intl.DateTimeFormat().resolvedOptions().timeZone : "Etc/UTC");

export function timeText(ms, seconds = false) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone(),
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    ...(isLocal() ? { timeZoneName: "short" } : {}),
  }).format(ms);
  return isLocal() ? parts : `${parts} UTC`;
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
