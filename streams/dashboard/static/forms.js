// A form that was sent says so where the answer takes its time, and is not sent twice.
const SLOW_MS = 1_000;

export function startForms() {
  document.addEventListener("submit", ({ target }) => {
    // The button goes along with what is sent, so it is switched off after that was put together.
    setTimeout(() => setBusy(target, true));
    setTimeout(() => target.matches("[aria-busy]") && tell(target), SLOW_MS);
  });
  // Back from where it led to.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[aria-busy]")) {
      setBusy(form, false);
      form.querySelector(".busy")?.remove();
    }
  });
}

function setBusy(form, is) {
  if (is) form.setAttribute("aria-busy", "true");
  else form.removeAttribute("aria-busy");
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = is;
}

function tell(form) {
  const words = document.createElement("p");
  words.className = "busy muted";
  words.setAttribute("role", "status");
  words.textContent = "Sent. The server is still at it; this page goes on once it has answered.";
  form.append(words);
}
