"""slo-streams: events in, SLO breaches and recoveries out."""
