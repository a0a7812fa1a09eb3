CREATE TABLE `slo.healthcheck.v1` (
  `record_key` STRING,
  `appKey` STRING,
  `time` STRING,
  `baseUrl` STRING,
  `statusCode` BIGINT,
  `durationInMillis` DOUBLE,
  `error` STRING,
  `group` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.healthcheck.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.iframe.v1` (
  `record_key` STRING,
  `appKey` STRING,
  `time` STRING,
  `product` STRING,
  `clientKey` STRING,
  `moduleType` STRING,
  `source` STRING,
  `bridgeInMillis` DOUBLE,
  `status` STRING,
  `durationInMillis` DOUBLE,
  `group` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.iframe.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.installation-callback.v1` (
  `record_key` STRING,
  `appKey` STRING,
  `time` STRING,
  `product` STRING,
  `clientKey` STRING,
  `lifecycle` STRING,
  `statusCode` BIGINT,
  `durationInMillis` DOUBLE,
  `error` STRING,
  `faultOwner` STRING,
  `group` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.installation-callback.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.webhook.v1` (
  `record_key` STRING,
  `appKey` STRING,
  `time` STRING,
  `product` STRING,
  `clientKey` STRING,
  `event` STRING,
  `statusCode` BIGINT,
  `durationInMillis` DOUBLE,
  `error` STRING,
  `faultOwner` STRING,
  `group` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.webhook.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.apps.v1` (
  `record_key` STRING NOT NULL,
  `appKey` STRING,
  `name` STRING,
  `partnerName` STRING,
  `partnerId` STRING,
  `email` STRING,
  `healthcheckUrls` ARRAY<STRING>,
  `excludedClientKeys` ARRAY<STRING>,
  `enrolledAt` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.apps.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.exclusions.v1` (
  `record_key` STRING NOT NULL,
  `id` STRING,
  `appKey` STRING,
  `metricId` STRING,
  `scope` STRING,
  `reason` STRING,
  `start` STRING,
  `end` STRING,
  `announcedAt` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.exclusions.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.alerts.v1` (
  `record_key` STRING,
  `type` STRING,
  `appKey` STRING,
  `appDetails` ROW<`name` STRING, `partnerName` STRING>,
  `incidentId` STRING,
  `incidentStatus` STRING,
  `time` STRING,
  `metricName` STRING,
  `metricUnit` STRING,
  `measurementDurationSeconds` BIGINT,
  `sliValue` DOUBLE,
  `sloValue` DOUBLE,
  `metricId` STRING,
  `scope` STRING,
  `objective` STRING,
  `goodCount` BIGINT,
  `badCount` BIGINT,
  `windowStart` STRING,
  `windowEnd` STRING,
  `reason` STRING,
  `breachedAt` STRING,
  `severity` STRING,
  `service` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.alerts.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.alert-state.v1` (
  `record_key` STRING NOT NULL,
  `type` STRING,
  `appKey` STRING,
  `appDetails` ROW<`name` STRING, `partnerName` STRING>,
  `incidentId` STRING,
  `incidentStatus` STRING,
  `time` STRING,
  `metricName` STRING,
  `metricUnit` STRING,
  `measurementDurationSeconds` BIGINT,
  `sliValue` DOUBLE,
  `sloValue` DOUBLE,
  `metricId` STRING,
  `scope` STRING,
  `objective` STRING,
  `goodCount` BIGINT,
  `badCount` BIGINT,
  `windowStart` STRING,
  `windowEnd` STRING,
  `reason` STRING,
  `breachedAt` STRING,
  `severity` STRING,
  `service` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.alert-state.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.rejected.v1` (
  `record_key` STRING,
  `record_headers` MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL,
  `record_value` BYTES,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.rejected.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.heartbeat.v1` (
  `record_key` STRING NOT NULL,
  `applicationId` STRING,
  `topic` STRING,
  `partition` BIGINT,
  `time` STRING,
  `worker` STRING,
  `watermark` STRING,
  `lag` BIGINT,
  `prober` ROW<`urls` BIGINT, `good` BIGINT, `bad` BIGINT, `refused` BIGINT, `leftOut` MAP<STRING, BIGINT>, `suspendedSince` STRING, `suspendedResults` BIGINT, `suspendedBad` BIGINT>,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.heartbeat.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.synthetic.v1` (
  `record_key` STRING,
  `appKey` STRING,
  `time` STRING,
  `product` STRING,
  `clientKey` STRING,
  `status` STRING,
  `durationInMillis` DOUBLE,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR `record_time` AS `record_time`
) WITH (
  'connector' = 'kafka',
  'topic' = 'slo.synthetic.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'key.fields' = 'record_key',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.installations.v1` (
  `record_key` STRING NOT NULL,
  `clientKey` STRING,
  `appKey` STRING,
  `product` STRING,
  `secret` STRING,
  `formerSecret` STRING,
  `formerUntil` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.installations.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.standing.v1` (
  `record_key` STRING NOT NULL,
  `appKey` STRING,
  `stage` STRING,
  `since` STRING,
  `episodes` ARRAY<ROW<`start` STRING, `end` STRING, `incidentIds` ARRAY<STRING>, `counts` BOOLEAN, `why` STRING, `incidentsLeftOut` BIGINT>>,
  `reason` STRING,
  `time` STRING,
  `episodesLeftOut` BIGINT,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.standing.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TABLE `slo.incidents.v1` (
  `record_key` STRING NOT NULL,
  `id` STRING,
  `title` STRING,
  `raisedBy` STRING,
  `commonCause` ROW<`kind` STRING, `name` STRING>,
  `verdict` STRING,
  `state` STRING,
  `severity` STRING,
  `votes` ROW<`numbers` STRING, `capability` STRING, `reports` STRING, `decision` STRING>,
  `level` STRING,
  `kind` STRING,
  `capability` STRING,
  `tier` STRING,
  `suspectedFault` STRING,
  `apps` ARRAY<STRING>,
  `appCount` BIGINT,
  `users` BIGINT,
  `reports` BIGINT,
  `trial` BOOLEAN,
  `visibility` STRING,
  `start` STRING,
  `detectedAt` STRING,
  `endedAt` STRING,
  `deadlines` ROW<`investigation` ROW<`due` STRING, `done` STRING, `outcome` STRING>, `update` ROW<`due` STRING, `done` STRING, `outcome` STRING>>,
  `exclusions` ARRAY<STRING>,
  `pir` ROW<`status` STRING, `text` STRING, `actions` ARRAY<ROW<`what` STRING, `owner` STRING, `due` STRING>>, `systemAtFault` STRING, `signedOffBy` STRING>,
  `timeline` ARRAY<ROW<`time` STRING, `act` STRING, `who` STRING, `text` STRING, `public` BOOLEAN>>,
  `time` STRING,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  PRIMARY KEY (`record_key`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'slo.incidents.v1',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.isolation.level' = 'read_committed',
  'key.format' = 'raw',
  'value.format' = 'json',
  'value.json.ignore-parse-errors' = 'true',
  'value.fields-include' = 'EXCEPT_KEY'
);
