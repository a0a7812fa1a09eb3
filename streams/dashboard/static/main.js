// Everything here only adds to pages that are complete without it.
import { startCharts } from "./chart.js";
import { startLive } from "./live.js";
import { startTimes } from "./times.js";

startTimes(document);
startCharts(document);
startLive();
