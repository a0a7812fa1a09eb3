import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableEnvironment;

/**
 * The job in Flink SQL as events come: arguments SERVERS TOPICS OUTPUT 0 FOLDER PARALLELISM; topics by commas.
 *
 * <p>Set as FlinkWindows. Put out are the windows below 99 %, once the watermark, 10 s behind, has closed them.
 */
public final class FlinkLive {
    public static void main(String[] arguments) throws Exception {
        String servers = arguments[0], output = arguments[2];
        Configuration configuration = new Configuration();
        configuration.setString("parallelism.default", arguments[5]);
        configuration.setString("execution.checkpointing.interval", "5 s");
        configuration.setString("pipeline.object-reuse", "true");
        configuration.setString("table.local-time-zone", "UTC");
        configuration.setString("rest.bind-port", "0");
        TableEnvironment flink = TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
        StatementSet all = flink.createStatementSet();
        int number = 0;
        for (String topic : arguments[1].split(",")) {
            String events = "events" + number, windows = "windows" + number;
            number++;
            flink.executeSql(
                "CREATE TABLE " + events + " (appKey STRING, `time` BIGINT, statusCode INT, durationInMillis DOUBLE,"
                    + " bridgeInMillis DOUBLE, happened AS TO_TIMESTAMP_LTZ(`time`, 3),"
                    + " WATERMARK FOR happened AS happened - INTERVAL '10' SECOND) WITH ('connector' = 'kafka',"
                    + " 'format' = 'json', 'scan.startup.mode' = 'earliest-offset',"
                    + " 'properties.isolation.level' = 'read_committed', 'properties.group.id' = '" + output + "',"
                    + " 'topic' = '" + topic + "', 'properties.bootstrap.servers' = '" + servers + "')");
            flink.executeSql(
                "CREATE TABLE " + windows + " (appKey STRING, windowEnd BIGINT, good BIGINT, bad BIGINT)"
                    + " WITH ('connector' = 'kafka', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once',"
                    + " 'sink.transactional-id-prefix' = '" + output + number + "',"
                    + " 'properties.transaction.timeout.ms' = '600000',"
                    + " 'topic' = '" + output + "', 'properties.bootstrap.servers' = '" + servers + "')");
            all.addInsertSql(
                "INSERT INTO " + windows + " SELECT appKey,"
                    + " TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00', window_end) * CAST(1000 AS BIGINT),"
                    + " SUM(good), COUNT(*) - SUM(good)"
                    + " FROM (SELECT appKey, window_start, window_end,"
                    + " CAST(CASE WHEN " + good(topic) + " THEN 1 ELSE 0 END AS BIGINT) AS good FROM"
                    + " TABLE(HOP(TABLE " + events + ", DESCRIPTOR(happened), INTERVAL '1' MINUTE,"
                    + " INTERVAL '15' MINUTES)))"
                    + " GROUP BY appKey, window_start, window_end HAVING SUM(good) * 100 < COUNT(*) * 99");
        }
        all.execute().await();
    }

    private static String good(String topic) {
        if (topic.contains("healthcheck")) {
            return "statusCode = 200 AND durationInMillis < 3000";
        }
        return topic.contains("iframe") ? "bridgeInMillis <= 12000" : "statusCode IN (200, 204)";
    }
}
