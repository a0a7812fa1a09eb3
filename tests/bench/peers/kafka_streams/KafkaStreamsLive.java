import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Properties;
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
 * The job in Kafka Streams as events come: arguments SERVERS TOPICS OUTPUT 0 FOLDER THREADS; topics by commas.
 *
 * <p>Set as KafkaStreamsWindows. Put out are the windows below 99 %, at each commit that finds them so.
 */
public final class KafkaStreamsLive {
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Event(long time, Integer statusCode, Double durationInMillis, Double bridgeInMillis) {
        boolean isGood(String topic) {
            if (topic.contains("healthcheck")) {
                return statusCode != null && statusCode == 200 && durationInMillis != null && durationInMillis < 3000;
            }
            if (topic.contains("iframe")) {
                return bridgeInMillis != null && bridgeInMillis <= 12000;
            }
            return statusCode != null && (statusCode == 200 || statusCode == 204);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String output = arguments[2];
        StreamsBuilder builder = new StreamsBuilder();
        int number = 0;
        for (String topic : arguments[1].split(",")) {
            builder.stream(topic, Consumed.with(Serdes.String(), events())
                    .withTimestampExtractor((record, previous) -> ((Event) record.value()).time()))
                .groupByKey(Grouped.with(Serdes.String(), events()))
                .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(15), Duration.ofSeconds(10))
                    .advanceBy(Duration.ofMinutes(1)))
                .aggregate(
                    () -> new KafkaStreamsWindows.Counts(0, 0),
                    (key, event, counts) -> event.isGood(topic)
                        ? new KafkaStreamsWindows.Counts(counts.good() + 1, counts.bad())
                        : new KafkaStreamsWindows.Counts(counts.good(), counts.bad() + 1),
                    Materialized.<String, KafkaStreamsWindows.Counts, WindowStore<Bytes, byte[]>>as("windows-" + number++)
                        .withKeySerde(Serdes.String()).withValueSerde(KafkaStreamsWindows.counts()))
                .toStream()
                .filter((key, counts) -> counts.bad() * 100 > counts.good() + counts.bad())
                .map((key, counts) -> KeyValue.pair(
                    key.key(), KafkaStreamsWindows.json(key.key(), key.window().end(), counts)))
                .to(output, Produced.with(Serdes.String(), Serdes.String()));
        }
        Properties settings = KafkaStreamsWindows.settings(arguments);
        new KafkaStreams(builder.build(), settings).start();
        Thread.currentThread().join();
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
}
