import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Creates the tables of a file, and plans a read of each, for which connector and format take every option or refuse. */
public class FlinkTables {
  public static void main(String[] arguments) throws Exception {
    TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    for (String statement : Files.readString(Path.of(arguments[0])).split(";\n")) {
      if (!statement.isBlank()) {
        flink.executeSql(statement);
      }
    }
    for (String table : flink.listTables()) {
      flink.explainSql("SELECT * FROM `" + table + "`");
      System.out.println(table);
    }
  }
}
