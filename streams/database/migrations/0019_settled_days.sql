-- What counted of a day and source by the time its minutes went, and how many events did not for being excluded; null
-- where all of good and bad counts. Only then it cannot be told anew from the minutes.
alter table slo.day_sum add column counted_good bigint, add column counted_bad bigint, add column excluded bigint;
