-- Whether a target is met decides whether an app can be reinstated.
grant select on slo.period_end to slo_desk;
