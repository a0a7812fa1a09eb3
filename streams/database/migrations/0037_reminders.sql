-- For how many days a target that was told of a breach has been reminded of it: a day begins when it was told.
alter table slo.delivery add reminded int not null default 0;
