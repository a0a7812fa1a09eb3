import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The job in Kafka Streams: arguments SERVERS TOPIC OUTPUT COUNT FOLDER THREADS.
 *
 * <p>Hopping windows in RocksDB with a changelog, exactly once, a commit every 5 s instead of the default 0.1 s, and a
 * record cache large enough for all open windows, so that a window is written once a commit and not once an event. The
 * last update of a window is its value.
 */
public final class KafkaStreamsWindows {
    static final LongAdder SEEN = new LongAdder();

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Event(long time, Integer statusCode) {
        boolean isGood() {
            return statusCode != null && (statusCode == 200 || statusCode == 204);
        }
    }

    record Counts(long good, long bad) {
        Counts plus(Event event) {
            return event.isGood() ? new Counts(good + 1, bad) : new Counts(good, bad + 1);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1], output = arguments[2];
        long count = Long.parseLong(arguments[3]);
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(topic, Consumed.with(Serdes.String(), events())
                .withTimestampExtractor((record, previous) -> ((Event) record.value()).time()))
            .peek((key, event) -> SEEN.increment())
            .groupByKey(Grouped.with(Serdes.String(), events()))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(15), Duration.ofSeconds(10))
                .advanceBy(Duration.ofMinutes(1)))
            .aggregate(
                () -> new Counts(0, 0),
                (key, event, counts) -> counts.plus(event),
                Materialized.<String, Counts, WindowStore<Bytes, byte[]>>as("windows")
                    .withKeySerde(Serdes.String()).withValueSerde(counts()))
            .toStream()
            .map((key, counts) -> KeyValue.pair(key.key(), json(key.key(), key.window().end(), counts)))
            .to(output, Produced.with(Serdes.String(), Serdes.String()));
        KafkaStreams streams = new KafkaStreams(builder.build(), settings(arguments));
        Progress.watch(SEEN, count);
        streams.start();
        Progress.await(SEEN, count);
        streams.close(); // commits
        Progress.done();
    }

    static Properties settings(String[] arguments) {
        Properties settings = new Properties();
        settings.put("application.id", arguments[2]);
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("state.dir", arguments[4]);
        settings.put("num.stream.threads", arguments[5]);
        settings.put("processing.guarantee", "exactly_once_v2");
        settings.put("commit.interval.ms", "5000");
        settings.put("statestore.cache.max.bytes", Long.toString(256L << 20));
        settings.put("consumer.auto.offset.reset", "earliest");
        settings.put("consumer.max.poll.records", "5000");
        settings.put("consumer.max.partition.fetch.bytes", Integer.toString(2 << 20));
        settings.put("producer.batch.size", Integer.toString(128 << 10));
        settings.put("replication.factor", "1");
        return settings;
    }

    static String json(String key, long end, Counts counts) {
        return "{\"appKey\":\"" + key + "\",\"windowEnd\":" + end + ",\"good\":" + counts.good() + ",\"bad\":"
            + counts.bad() + "}";
    }

    private static Serde<Event> events() {
        ObjectReader reader = new ObjectMapper().readerFor(Event.class);
        return Serdes.serdeFrom(
            (topic, event) -> {
                throw new UnsupportedOperationException("events are only read");
            },
            (topic, bytes) -> {
                try {
                    return reader.readValue(bytes);
                } catch (IOException problem) {
                    throw new UncheckedIOException(problem);
                }
            });
    }

    static Serde<Counts> counts() {
        return Serdes.serdeFrom(
            (topic, counts) -> ByteBuffer.allocate(16).putLong(counts.good()).putLong(counts.bad()).array(),
            (topic, bytes) -> {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                return new Counts(buffer.getLong(), buffer.getLong());
            });
    }
}
