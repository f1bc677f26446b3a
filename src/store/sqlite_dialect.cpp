#include "store/sqlite_dialect.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <array>

#include "base/check.hpp"

namespace store {
namespace {

std::string upper(std::string_view text) {
  std::string made(text);
  for (char& c : made)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return made;
}

class SqliteDialect final : public EngineDialect {
 public:
  explicit SqliteDialect(std::string ledger) : EngineDialect(std::move(ledger)) {}
  std::span<const Word> words() const override { return words_; }
  std::string_view name() const override { return "sqlite"; }
  std::string quote(std::string_view identifier) const override {
    CHECK(identifier.find('\0') == std::string_view::npos, "an identifier cannot hold a NUL byte");
    std::string quoted = "\"";
    for (const char c : identifier) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
  }
  std::string ledger(std::string_view table) const override { return (ledger_ + '_').append(table); }
  std::string table(std::string_view schema, std::string_view name) const override {
    return schema.empty() ? quote(name) : quote(schema) + "." + quote(name);
  }
  // SQLite ignores the case of ASCII letters, quoted or not.
  bool same_name(std::string_view a, std::string_view b) const override {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
  }
  // Numbers stay text, digit by digit: SQLite's own would be doubles. Times, identifiers, documents and lists
  // are text in one spelling, so that equal values are equal bytes.
  std::string type(const ColumnType& type) const override {
    switch (type.kind) {
      case ColumnType::Kind::integer:
      case ColumnType::Kind::bigint:
      case ColumnType::Kind::boolean: return "INTEGER";
      case ColumnType::Kind::real: return "REAL";
      default: return "TEXT";
    }
  }
  std::string_view serial() const override { return "INTEGER PRIMARY KEY"; }
  // BINARY whatever the column says: in a column of somebody else's, "a" and "A" may count as one text.
  std::string differs(std::string_view a, std::string_view b, const ColumnType& type) const override {
    if (type.kind == ColumnType::Kind::number) return fmt::format("pulse_decimal_differs({}, {})", a, b);
    if (type.kind == ColumnType::Kind::json) return fmt::format("pulse_json_differs({}, {})", a, b);
    return fmt::format("(({}) COLLATE BINARY IS NOT ({}) COLLATE BINARY)", a, b);
  }
  std::string ordered(std::string_view a, const ColumnType& type) const override {
    return type.kind == ColumnType::Kind::number ? fmt::format("pulse_decimal_order({})", a)
                                                 : fmt::format("({}) COLLATE BINARY", a);
  }
  bool is_server() const override { return false; }
  std::string_view skip_locked() const override { return ""; }  // one writes at a time
  std::string lease_end(int) const override { return "NULL"; }
  std::vector<std::string> before_migrations() const override { return {}; }  // one writes at a time anyway
  ListStyle list_style() const override { return ListStyle::json; }
  // By the types of STRICT tables. A text that reads as a number goes into an INTEGER column, but another
  // does not: that is no column for texts.
  Suits suits(const Column& column, const ColumnType& type) const override {
    const std::string held_to = upper(column.enforced_type);
    if (held_to.empty()) return Suits::yes;
    const std::string kind = this->type(type);
    if (held_to == kind || (held_to == "INT" && kind == "INTEGER")) return Suits::yes;
    if (kind == "INTEGER" && held_to == "TEXT") return Suits::yes;
    if (kind == "INTEGER" && held_to == "REAL")
      return type.kind == ColumnType::Kind::bigint ? Suits::too_narrow : Suits::yes;
    return Suits::wrong;
  }
  // SQLite changes nothing about a column but its name.
  std::string change_type(std::string_view table, const Column& column,
                          const ColumnType& type) const override {
    const std::string name = quote(column.name);
    return fmt::format("ALTER TABLE {0} RENAME COLUMN {1} TO {2}; ALTER TABLE {0} ADD COLUMN {1} {3};", table,
                       name, quote(column.name + "_old"), this->type(type));
  }
  std::string let_rows_fill(std::string_view table, const Column& column,
                            const ColumnType& type) const override {
    return change_type(table, column, type);
  }
  std::string create_schema(std::string_view) const override { return {}; }
  std::string drop_not_null(std::string_view, const Column&) const override { return {}; }
  std::string_view take_turns() const override { return {}; }
  std::string keep_writers_out(std::string_view) const override { return {}; }
  std::string is_new_row(std::string_view) const override { return {}; }

 private:
  const std::array<Word, 7> words_{{
      {"{pulse}", ledger_ + '_'},
      {"{ledger}", ledger_ + '_'},
      {"{timestamp}", "TEXT"},
      {"{json}", "TEXT"},
      {"{bigint}", "INTEGER"},
      {"{serial}", "INTEGER"},  // a PRIMARY KEY of this type numbers its rows
      // The form of base::to_iso8601, so that text order stays time order.
      {"{now}", "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"},
  }};
};

}  // namespace

std::shared_ptr<const EngineDialect> sqlite_dialect(std::string ledger) {
  return std::make_shared<SqliteDialect>(std::move(ledger));
}

}  // namespace store
