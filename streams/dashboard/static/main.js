// Everything here only adds to pages that are complete without it.
import { startForms } from "./forms.js";
import { remember, startLive } from "./live.js";
import { readNow, startTimes } from "./times.js";

remember();
startTimes(document);
readNow();
startLive();
startForms();
// Most pages have no chart, and load nothing for any.
if (document.querySelector("figure.chart")) import("./chart.js").then(({ startCharts }) => startCharts(document));
