#include "store/sqlite_dialect.hpp"

#include <fmt/format.h>
#include <strings.h>

#include "base/check.hpp"

namespace store {
namespace {

class SqliteDialect final : public Dialect {
 public:
  std::string_view name() const override { return "sqlite"; }
  std::string quote(std::string_view identifier) const override {
    CHECK(identifier.find('\0') == std::string_view::npos, "an identifier cannot hold a NUL byte");
    std::string quoted = "\"";
    for (const char c : identifier) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
  }
  std::string ledger(std::string_view table) const override { return "pulse_" + std::string(table); }
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
    return type.kind == ColumnType::Kind::number
               ? fmt::format("pulse_decimal_differs({}, {})", a, b)
               : fmt::format("(({}) COLLATE BINARY IS NOT ({}) COLLATE BINARY)", a, b);
  }
  std::string ordered(std::string_view a, const ColumnType& type) const override {
    return type.kind == ColumnType::Kind::number ? fmt::format("pulse_decimal_order({})", a)
                                                 : fmt::format("({}) COLLATE BINARY", a);
  }
  bool is_server() const override { return false; }
  std::string lease_end(int) const override { return "NULL"; }
  std::vector<std::string> before_migrations() const override { return {}; }  // one writes at a time anyway
};

}  // namespace

const Dialect& sqlite_dialect() {
  static const SqliteDialect dialect;
  return dialect;
}

}  // namespace store
