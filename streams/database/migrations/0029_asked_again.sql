-- Who sends something again stands among its attempts.
grant insert on slo.delivery_attempt to slo_desk;
