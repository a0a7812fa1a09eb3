import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.functions.ScalarFunction;

/**
 * The job in Flink SQL: arguments SERVERS TOPIC OUTPUT COUNT FOLDER PARALLELISM.
 *
 * <p>Set as its documentation recommends for speed: HOP as a window table function (panes are shared by the windows that
 * overlap, aggregation in two phases), state on the heap, objects reused. Exactly once: a checkpoint every 5 s and a
 * transactional sink. The topic is read to its present end, after which Flink closes every window and the job ends.
 */
public final class FlinkWindows {
    static final LongAdder SEEN = new LongAdder();

    /** 1 for a good event, and one more event seen. */
    public static class Good extends ScalarFunction {
        public Integer eval(Integer statusCode) {
            SEEN.increment();
            return statusCode != null && (statusCode == 200 || statusCode == 204) ? 1 : 0;
        }

        @Override
        public boolean isDeterministic() {
            return false; // evaluated for each event, and only once
        }
    }

    public static void main(String[] arguments) throws Exception {
        String servers = arguments[0], topic = arguments[1], output = arguments[2];
        Configuration configuration = new Configuration();
        configuration.setString("parallelism.default", arguments[5]);
        configuration.setString("execution.checkpointing.interval", "5 s");
        configuration.setString("pipeline.object-reuse", "true");
        configuration.setString("table.local-time-zone", "UTC");
        configuration.setString("rest.bind-port", "0");
        TableEnvironment flink = TableEnvironment.create(
            EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
        flink.createTemporarySystemFunction("GOOD", Good.class);
        flink.executeSql(
            "CREATE TABLE events (appKey STRING, `time` BIGINT, statusCode INT, happened AS TO_TIMESTAMP_LTZ(`time`, 3),"
                + " WATERMARK FOR happened AS happened - INTERVAL '5' SECOND) WITH ('connector' = 'kafka', 'format' = 'json',"
                + " 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset',"
                + " 'properties.isolation.level' = 'read_committed', 'properties.group.id' = '" + output + "',"
                + " 'properties.max.partition.fetch.bytes' = '2097152', 'properties.max.poll.records' = '5000',"
                + " 'topic' = '" + topic + "', 'properties.bootstrap.servers' = '" + servers + "')");
        flink.executeSql(
            "CREATE TABLE windows (appKey STRING, windowEnd BIGINT, good BIGINT, bad BIGINT)"
                + " WITH ('connector' = 'kafka', 'format' = 'json', 'sink.delivery-guarantee' = 'exactly-once',"
                + " 'sink.transactional-id-prefix' = '" + output + "', 'properties.transaction.timeout.ms' = '600000',"
                + " 'topic' = '" + output + "', 'properties.bootstrap.servers' = '" + servers + "')");
        Progress.watch(SEEN, Long.parseLong(arguments[3]));
        flink.executeSql(
            "INSERT INTO windows SELECT appKey,"
                + " TIMESTAMPDIFF(SECOND, TIMESTAMP '1970-01-01 00:00:00', window_end) * CAST(1000 AS BIGINT),"
                + " SUM(good), COUNT(*) - SUM(good)"
                + " FROM (SELECT appKey, window_start, window_end, CAST(GOOD(statusCode) AS BIGINT) AS good FROM"
                + " TABLE(HOP(TABLE events, DESCRIPTOR(happened), INTERVAL '1' MINUTE, INTERVAL '15' MINUTES)))"
                + " GROUP BY appKey, window_start, window_end").await();
        Progress.done();
    }
}
