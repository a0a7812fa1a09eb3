-- What is told to an Alertmanager again and again.
create index on slo.delivery (sent_at) where channel = 'alertmanager' and state = 'SENT' and kind = 'RECOVERY';
