-- Before a person approves an exclusion at the desk, what it would change is counted there.
grant select on slo.series, slo.day_counts, slo.day_sum, slo.sink_offset to slo_desk;
