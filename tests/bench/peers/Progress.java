import java.util.concurrent.atomic.LongAdder;

/** What a Java peer tells of its progress, beside its work: see protocol.py. */
final class Progress {
    private Progress() {}

    /** Tell the first event and the half. */
    static void watch(LongAdder seen, long count) {
        Thread watcher = new Thread(() -> {
            for (long wanted : new long[] {1, (count + 1) / 2}) {
                while (seen.sum() < wanted) {
                    pause();
                }
                tell("seen " + seen.sum());
            }
        });
        watcher.setDaemon(true);
        watcher.start();
    }

    /** Wait until all events were seen. */
    static void await(LongAdder seen, long count) {
        while (seen.sum() < count) {
            pause();
        }
    }

    /** All is stored; the process stays to be measured until its input ends. */
    static void done() throws java.io.IOException {
        tell("done");
        while (System.in.read() >= 0) {}
        System.exit(0);
    }

    private static void tell(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException stop) {
            throw new IllegalStateException(stop);
        }
    }
}
