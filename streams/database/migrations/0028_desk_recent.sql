-- What leaving something out would change is counted at the desk, also by what is not folded yet.
grant select on slo.recent, slo.all_sums, slo.all_counts to slo_desk;
-- Of the two indexes of when something was told, the newer one serves both who forgets and who exports.
drop index slo.notification_created_at_idx;
