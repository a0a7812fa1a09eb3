-- A base URL may have 2,048 characters of up to four bytes, and the parts beside it a thousand: more than an index takes.
-- So series are looked for by a digest of their name, which no two share; NUL is in no text. What convert_to gives
-- depends on the encoding of the database alone, which never changes.
create function slo.series_digest(app_key text, metric text, scope text, source text) returns bytea
language sql immutable parallel safe
return sha256(
  convert_to(app_key, 'UTF8') || '\x00'::bytea || convert_to(metric, 'UTF8') || '\x00'::bytea
  || convert_to(scope, 'UTF8') || '\x00'::bytea || convert_to(source, 'UTF8')
);

alter table slo.series drop constraint series_app_key_metric_scope_source_key;
create unique index series_name on slo.series (slo.series_digest(app_key, metric, scope, source));
create index on slo.series (app_key);
