// Everything here only adds to pages that are complete without it.
import { startCharts } from "./chart.js";
import { remember, startLive } from "./live.js";
import { readNow, startTimes } from "./times.js";

remember();
startTimes(document);
readNow();
startCharts(document);
startLive();
