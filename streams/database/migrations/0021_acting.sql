-- A token only reads, unless it was made to appeal and to decide, too.
alter table slo.api_token add column may_act boolean not null default false;

-- Who signs off reviews of incidents; and by what somebody knows which of his logins it is.
alter table slo.session add column is_manager boolean not null default false;
alter table slo.session add column browser text not null default '';

-- An operator sends again what was given up.
grant update (state, reason, silence, due_at, due_since) on slo.delivery to slo_desk;
grant delete on slo.pause to slo_desk;
