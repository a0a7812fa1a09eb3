// Charts have the colours of the sheet, in either scheme.
let style = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  style = null;
  document.dispatchEvent(new CustomEvent("colours"));
});

export function colour(name) {
  style ??= getComputedStyle(document.documentElement);
  return style.getPropertyValue(name).trim();
}
