// Charts have the colours of the sheet, in either scheme.
const known = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  known.clear();
  document.dispatchEvent(new CustomEvent("colours"));
});

export function colour(name) {
  if (!known.has(name)) known.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return known.get(name);
}
